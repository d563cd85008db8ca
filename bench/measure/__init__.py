"""What `bench/run` measures. The standard library only: the process that measures stays small; peers run in their own."""
