//! The compliance level.

use crate::names::named;

named! {
    /// The level of the Image API that is complied with (2.1 §6, 3.0 §6).
    ///
    /// Decides only how the quality `default` is spelled in keys: as `default` at level 0, as
    /// `color` else. Which forms are answered is up to [`FeatureSet`](crate::FeatureSet).
    pub enum ComplianceLevel {
        /// `0`
        Level0 = "0",
        /// `1`
        Level1 = "1",
        /// `2`
        Level2 = "2",
    }
}
