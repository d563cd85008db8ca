//! Files that are read, checked and cleaned together.

use uu_core::Rules;
use uu_data::clean::{CleanError, CleanOptions, Cleaner, QualityReport};
use uu_data::read::{BadRows, BounceRateUnit, Decimal, Format, Input, ReadError, ReadOptions};
use uu_data::{Dataset, sample};

/// Where the rows of a training or of a judgement come from, and how they are read.
#[derive(Debug)]
pub struct Sources {
    /// The files, in order: of two labels for one site-month the later file's stands.
    pub inputs: Vec<Input>,
    /// The format of all of them, where the extension does not tell.
    pub format: Option<Format>,
    /// What the check needs to know.
    pub rules: Rules,
    /// The unit the files give bounce rates in; see [`ReadOptions`].
    pub bounce_rate_unit: Option<BounceRateUnit>,
    /// The decimal mark of numbers in texts; see [`ReadOptions`].
    pub decimal: Option<Decimal>,
    /// Takes files with several rows of a month.
    pub allow_repeated_months: bool,
    /// What to do with rows that break a rule.
    pub bad_rows: BadRows,
}

/// Rows could not be read or cleaned.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// They could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// They do not go together.
    #[error(transparent)]
    Clean(#[from] CleanError),
}

impl Sources {
    /// Those files, as they say of themselves.
    #[must_use]
    pub fn new(inputs: Vec<Input>, rules: Rules) -> Self {
        Self { inputs, format: None, rules, bounce_rate_unit: None, decimal: None, allow_repeated_months: false, bad_rows: BadRows::Fail }
    }

    /// The generated sample that ships with the product.
    #[must_use]
    pub fn bundled_sample() -> Self {
        let sample = Input::bytes("the bundled sample", sample::BUNDLED);
        Self { format: Some(Format::Parquet), ..Self::new(vec![sample], Rules::default()) }
    }

    /// How the files are read.
    #[must_use]
    pub fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            rules: self.rules.clone(),
            bounce_rate_unit: self.bounce_rate_unit,
            decimal: self.decimal,
            allow_repeated_months: self.allow_repeated_months,
            ..ReadOptions::default()
        }
    }

    /// Reads and cleans the rows for a training.
    ///
    /// **Errors**: the first input that cannot be read; bad rows, unless they are skipped; rows that must not train together.
    pub fn for_training(self, rows_read: &mut dyn FnMut(u64)) -> Result<(Dataset, QualityReport), SourceError> {
        self.cleaned(&CleanOptions::default(), rows_read)
    }

    /// Reads and cleans the rows for a judgement; see [`CleanOptions::for_judging`].
    ///
    /// **Errors**: as for training.
    pub fn for_judging(self, rows_read: &mut dyn FnMut(u64)) -> Result<(Dataset, QualityReport), SourceError> {
        self.cleaned(&CleanOptions::for_judging(), rows_read)
    }

    fn cleaned(self, options: &CleanOptions, rows_read: &mut dyn FnMut(u64)) -> Result<(Dataset, QualityReport), SourceError> {
        let mut cleaner = Cleaner::new(CleanOptions { extras: self.rules.extras.clone(), ..options.clone() });
        let read = self.options();
        for input in self.inputs {
            cleaner.read(input, &read, self.bad_rows, rows_read)?;
        }
        Ok(cleaner.finish()?)
    }
}
