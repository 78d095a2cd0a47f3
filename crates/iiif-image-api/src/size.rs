//! The `size` parameter (Image API 2.1 §4.2, 3.0 §4.2).

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::region::parse_integer;
use crate::{ApiVersion, Decimal, Dimensions, Parameter, ParseError, ResolveError, ResolveOptions};

/// The dimensions to which the extracted region is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// The form.
    pub form: SizeForm,
    /// Whether `^` stood in front, the word of 3.0 for "upscale where needed".
    pub upscaling: Upscaling,
}

/// The forms of a size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SizeForm {
    /// `full`: the region is not scaled. A word of 2.1 that 3.0 does not have.
    Full,
    /// `max`: as large as the limits allow.
    #[default]
    Max,
    /// `w,`: this wide, the height rounded half up.
    Width(NonZeroU32),
    /// `,h`: this high, the width rounded half up.
    Height(NonZeroU32),
    /// `pct:n`: in percent of the region, rounded half up.
    Percent(Decimal),
    /// `w,h`: exactly these, even when that distorts.
    Exact(Dimensions),
    /// `!w,h`: the largest of the region's aspect within these; the other side is truncated.
    Confined(Dimensions),
}

/// Whether a derivative may have more pixels than its region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Upscaling {
    /// It may not.
    #[default]
    Forbidden,
    /// It may, within the limits.
    Allowed,
}

/// What `!w,h` without `^` is in 3.0 when both w and h leave room around the region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OversizedBox {
    /// The region itself, "as large as possible but not larger than the extracted region"
    /// (3.0 §4.2).
    #[default]
    Region,
    /// An error, as the official validator's test `size_noup` wants it.
    Refused,
}

impl Size {
    /// Returns the dimensions that the size comes to for a region of `region` pixels.
    ///
    /// 3.0: without `^` nothing is enlarged, and `!w,h` gives the region itself where it is smaller
    /// (but see [`OversizedBox`]); with `^` anything may be, if `options` allow it. 2.1: every form
    /// but `full` and `max` enlarges if `options` allow it.
    ///
    /// `full`, `w,`, `,h`, `pct:n` and `w,h` are refused when they come to more than the limits;
    /// `max` and `!w,h` shrink into them.
    ///
    /// Extension: `^` is no word of 2.1, and is taken there too, for instructions files.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the size needs upscaling that is not allowed, comes to less than one
    /// pixel, exceeds the limits, or is `full` in 3.0.
    pub fn resolve(
        &self,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<Dimensions, ResolveError> {
        let output = match self.form {
            SizeForm::Full if options.version == ApiVersion::V2 => region,
            SizeForm::Full => {
                return Err(ResolveError::NotInVersion {
                    parameter: Parameter::Size,
                    text: self.to_string(),
                    version: options.version,
                });
            }
            SizeForm::Max if self.upscaling == Upscaling::Allowed => {
                options.limits.largest_for(region)
            }
            SizeForm::Max => options.limits.largest_within(region),
            SizeForm::Width(width) => region.scaled_to_width(width),
            SizeForm::Height(height) => region.scaled_to_height(height),
            SizeForm::Percent(percent) => self.percent(percent, region, options)?,
            SizeForm::Exact(dimensions) => dimensions,
            SizeForm::Confined(bounds) => self.confined(bounds, region, options)?,
        };
        self.check_upscaling(output, region, options)?;
        self.check_limits(output, options)?;
        Ok(output)
    }

    /// Checks what the size comes to, by itself or after a rotation.
    pub(crate) fn check_limits(
        &self,
        output: Dimensions,
        options: &ResolveOptions,
    ) -> Result<(), ResolveError> {
        match options.limits.exceeded_by(output) {
            None => Ok(()),
            Some(limit) => Err(ResolveError::OverLimits {
                size: self.to_string(),
                output: output.to_string(),
                limit,
            }),
        }
    }

    /// Whether the request allows upscaling; `options` may still forbid it.
    fn asks_to_enlarge(&self, options: &ResolveOptions) -> bool {
        options.version == ApiVersion::V2 || self.upscaling == Upscaling::Allowed
    }

    fn check_upscaling(
        &self,
        output: Dimensions,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<(), ResolveError> {
        if !output.exceeds(region) {
            Ok(())
        } else if !self.asks_to_enlarge(options) {
            Err(self.upscales(region))
        } else if options.upscaling == Upscaling::Forbidden {
            Err(ResolveError::UpscalingUnsupported {
                size: self.to_string(),
                region,
            })
        } else {
            Ok(())
        }
    }

    fn upscales(&self, region: Dimensions) -> ResolveError {
        ResolveError::Upscales {
            size: self.to_string(),
            region,
        }
    }

    /// More than 100 percent is refused even where rounding hides it (3.0 §4.2).
    fn percent(
        &self,
        percent: Decimal,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<Dimensions, ResolveError> {
        if percent > Decimal::from_integer(100) && !self.asks_to_enlarge(options) {
            return Err(self.upscales(region));
        }
        let (width, height) = (
            percent.percent_of(region.width()),
            percent.percent_of(region.height()),
        );
        if width == 0 && height == 0 {
            return Err(ResolveError::SizeBelowOnePixel {
                size: self.to_string(),
                region,
            });
        }
        Ok(Dimensions::saturating(width, height))
    }

    /// Server limits bound `!w,h` as its own numbers do (3.0 §4.2).
    fn confined(
        &self,
        bounds: Dimensions,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<Dimensions, ResolveError> {
        let fitted = options.limits.largest_in(bounds, region);
        if self.upscaling == Upscaling::Allowed {
            return Ok(fitted);
        }
        let oversized = region.confined_to(bounds).exceeds(region);
        if oversized && !self.asks_to_enlarge(options) {
            return match options.oversized_box {
                OversizedBox::Region => Ok(options.limits.largest_within(region)),
                OversizedBox::Refused => Err(self.upscales(region)),
            };
        }
        // 2.1 §4.2 leaves the exact scaling to the service, so its box is never an error.
        if options.upscaling == Upscaling::Forbidden && fitted.exceeds(region) {
            return Ok(options.limits.largest_within(region));
        }
        Ok(fitted)
    }
}

impl FromStr for Size {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (form, upscaling) = match text.strip_prefix('^') {
            Some(form) => (form, Upscaling::Allowed),
            None => (text, Upscaling::Forbidden),
        };
        match parse_form(form) {
            Ok(SizeForm::Full) if upscaling == Upscaling::Allowed => {
                Err(ParseError::new(Parameter::Size, text, "is no known size"))
            }
            Ok(form) => Ok(Self { form, upscaling }),
            Err(problem) => Err(ParseError::new(Parameter::Size, text, problem)),
        }
    }
}

fn parse_form(text: &str) -> Result<SizeForm, &'static str> {
    match text {
        "full" => return Ok(SizeForm::Full),
        "max" => return Ok(SizeForm::Max),
        _ => {}
    }
    if let Some(percent) = text.strip_prefix("pct:") {
        let percent = Decimal::parse(percent).ok_or("is not a decimal")?;
        return if percent == Decimal::default() {
            Err("is zero percent")
        } else {
            Ok(SizeForm::Percent(percent))
        };
    }
    if let Some(bounds) = text.strip_prefix('!') {
        let (width, height) = bounds.split_once(',').ok_or("is no known size")?;
        return Ok(SizeForm::Confined(Dimensions::from_non_zero(
            side(width)?,
            side(height)?,
        )));
    }
    match text.split_once(',').ok_or("is no known size")? {
        (width, "") => Ok(SizeForm::Width(side(width)?)),
        ("", height) => Ok(SizeForm::Height(side(height)?)),
        (width, height) => Ok(SizeForm::Exact(Dimensions::from_non_zero(
            side(width)?,
            side(height)?,
        ))),
    }
}

fn side(text: &str) -> Result<NonZeroU32, &'static str> {
    let length = parse_integer(text).ok_or("is not made of whole numbers below 2^32")?;
    NonZeroU32::new(length).ok_or("has a side of zero pixels")
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.upscaling == Upscaling::Allowed {
            f.write_str("^")?;
        }
        match self.form {
            SizeForm::Full => f.write_str("full"),
            SizeForm::Max => f.write_str("max"),
            SizeForm::Width(width) => write!(f, "{width},"),
            SizeForm::Height(height) => write!(f, ",{height}"),
            SizeForm::Percent(percent) => write!(f, "pct:{percent}"),
            SizeForm::Exact(size) => write!(f, "{},{}", size.width(), size.height()),
            SizeForm::Confined(size) => write!(f, "!{},{}", size.width(), size.height()),
        }
    }
}
