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
    /// `full`: the region is not scaled. A word of 2.1, taken for `max` in 3.0.
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

impl Size {
    /// Returns the dimensions that the size comes to for a region of `region` pixels.
    ///
    /// 3.0: without `^` nothing is enlarged, and `!w,h` gives the region itself where it is smaller;
    /// with `^` anything may be, if `options` allow it. 2.1 has no `^`, and every form enlarges if
    /// `options` allow it.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the size needs upscaling that is not allowed, comes to less than one
    /// pixel, or exceeds the limits.
    pub fn resolve(
        &self,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<Dimensions, ResolveError> {
        let output = match self.form {
            SizeForm::Full if options.version == ApiVersion::V2 => region,
            SizeForm::Full => options.limits.largest_within(region),
            SizeForm::Max if self.may_enlarge(options) && self.upscaling == Upscaling::Allowed => {
                options.limits.largest_for(region)
            }
            SizeForm::Max => options.limits.largest_within(region),
            SizeForm::Width(width) => region.scaled_to_width(width),
            SizeForm::Height(height) => region.scaled_to_height(height),
            SizeForm::Percent(percent) => self.percent(percent, region)?,
            SizeForm::Exact(dimensions) => dimensions,
            SizeForm::Confined(bounds) => self.confined(bounds, region, options),
        };
        self.check_upscaling(output, region, options)?;
        match options.limits.exceeded_by(output) {
            None => Ok(output),
            Some(limit) => Err(ResolveError::OverLimits {
                size: self.to_string(),
                output: output.to_string(),
                limit,
            }),
        }
    }

    fn may_enlarge(&self, options: &ResolveOptions) -> bool {
        let asked = options.version == ApiVersion::V2 || self.upscaling == Upscaling::Allowed;
        asked && options.upscaling == Upscaling::Allowed
    }

    fn check_upscaling(
        &self,
        output: Dimensions,
        region: Dimensions,
        options: &ResolveOptions,
    ) -> Result<(), ResolveError> {
        if !output.exceeds(region) || self.may_enlarge(options) {
            return Ok(());
        }
        let size = self.to_string();
        if options.version == ApiVersion::V2 || self.upscaling == Upscaling::Allowed {
            Err(ResolveError::UpscalingUnsupported { size, region })
        } else {
            Err(ResolveError::Upscales { size, region })
        }
    }

    fn percent(&self, percent: Decimal, region: Dimensions) -> Result<Dimensions, ResolveError> {
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
    ) -> Dimensions {
        let fitted = region.confined_to(bounds);
        let unlimited = if fitted.exceeds(region) && !self.may_enlarge(options) {
            region
        } else {
            fitted
        };
        options.limits.largest_within(unlimited)
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
        let percent = Decimal::parse(percent)
            .ok_or("is not a decimal of at most ten digits after the point")?;
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
