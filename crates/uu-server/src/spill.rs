//! Bytes that wait on disk between a task that appends them and a thread that reads them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A file without a name that is written at its end and read from its beginning, at the same time.
#[derive(Debug)]
pub(crate) struct Spill {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    file: File,
    written: u64,
    read: u64,
    /// How the bytes ended, once they have.
    end: Option<Result<(), io::ErrorKind>>,
    /// Whether nobody reads any more.
    is_abandoned: bool,
}

impl Spill {
    /// **Errors**: there is no place for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        let state = State { file: tempfile::tempfile()?, written: 0, read: 0, end: None, is_abandoned: false };
        Ok(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Appends bytes.
    ///
    /// **Errors**: the disk is full or fails; nobody reads any more.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if state.is_abandoned {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let written = state.written;
        state.file.seek(SeekFrom::Start(written))?;
        state.file.write_all(bytes)?;
        state.written += bytes.len() as u64;
        self.changed.notify_one();
        Ok(())
    }

    /// Says that no more bytes come, and how they ended; the first word stands.
    pub(crate) fn end(&self, outcome: Result<(), io::ErrorKind>) {
        self.state().end.get_or_insert(outcome);
        self.changed.notify_one();
    }

    /// Says that nobody reads any more.
    pub(crate) fn abandon(&self) {
        self.state().is_abandoned = true;
    }

    /// Reads what was appended, waiting for it where all of that was read; 0 after the end.
    ///
    /// **Errors**: the bytes ended with one; the disk fails.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_waiting = |state: &mut State| state.read == state.written && state.end.is_none();
        let mut state = self.changed.wait_while(self.state(), is_waiting).unwrap_or_else(PoisonError::into_inner);
        let left = state.written - state.read;
        if left == 0 {
            return state.end.unwrap_or(Ok(())).map(|()| 0).map_err(Into::into);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let position = state.read;
        state.file.seek(SeekFrom::Start(position))?;
        let length = state.file.read(&mut buffer[..most])?;
        state.read += length as u64;
        Ok(length)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Reads to the end, some bytes at a time.
    fn read_whole(spill: &Spill, at_a_time: usize) -> io::Result<Vec<u8>> {
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; at_a_time]);
        loop {
            match spill.read(&mut buffer)? {
                0 => return Ok(bytes),
                length => bytes.extend_from_slice(&buffer[..length]),
            }
        }
    }

    #[test]
    fn what_is_appended_is_read_while_more_comes() {
        let spill = Arc::new(Spill::new().unwrap());
        let sent: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let reader = Arc::clone(&spill);
        let reading = std::thread::spawn(move || read_whole(&reader, 1_000).unwrap());
        sent.chunks(7_777).for_each(|piece| spill.append(piece).unwrap());
        spill.end(Ok(()));
        assert!(reading.join().unwrap() == sent);
    }

    #[test]
    fn a_failure_comes_after_what_was_appended_before_it() {
        let spill = Spill::new().unwrap();
        spill.append(b"rows").unwrap();
        spill.end(Err(io::ErrorKind::ConnectionAborted));
        spill.end(Ok(()));
        let mut buffer = [0; 8];
        assert_eq!(spill.read(&mut buffer).unwrap(), 4);
        assert_eq!(spill.read(&mut buffer).unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn nothing_is_kept_for_a_reader_who_left() {
        let spill = Spill::new().unwrap();
        spill.abandon();
        assert_eq!(spill.append(b"rows").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
