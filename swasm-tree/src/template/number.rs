//! Number literals of WebAssembly text ⇒ bits.
//!
//! Invariant: every literal is rounded once, to nearest, ties to even.

/// Why a literal has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// It is not a number.
    Malformed,
    /// Its value does not fit.
    OutOfRange,
}

/// An integer of `bits` bits, signed or unsigned, as its bit pattern.
pub(super) fn integer(text: &str, bits: u32) -> Result<u64, Refused> {
    let (negative, digits) = sign(text);
    let (radix, digits) = match digits.strip_prefix("0x") {
        Some(hex) => (16, hex),
        None => (10, digits),
    };
    let digits = without_underscores(digits).ok_or(Refused::Malformed)?;
    let mut value: u128 = 0;
    for digit in digits.chars() {
        let digit = digit.to_digit(radix).ok_or(Refused::Malformed)?;
        // Saturating at more than any type holds keeps the sum in range.
        value = (value * u128::from(radix) + u128::from(digit)).min(1 << 64);
    }
    let limit: u128 = if negative { 1 << (bits - 1) } else { (1 << bits) - 1 };
    if value > limit {
        return Err(Refused::OutOfRange);
    }
    let value = value as u64;
    let pattern = if negative { value.wrapping_neg() } else { value };
    Ok(if bits == 64 { pattern } else { pattern & ((1 << bits) - 1) })
}

/// An `f32`, as bits.
pub(super) fn float32(text: &str) -> Result<u32, Refused> {
    float(text, &F32, |digits| digits.parse::<f32>().ok().map(|value| u64::from(value.to_bits())))
        .map(|bits| bits as u32)
}

/// An `f64`, as bits.
pub(super) fn float64(text: &str) -> Result<u64, Refused> {
    float(text, &F64, |digits| digits.parse::<f64>().ok().map(f64::to_bits))
}

/// A binary interchange format.
struct Format {
    /// Bits of the fraction.
    fraction: u32,
    /// Bits of the exponent.
    exponent: u32,
}

const F32: Format = Format { fraction: 23, exponent: 8 };
const F64: Format = Format { fraction: 52, exponent: 11 };

impl Format {
    fn infinity(&self) -> u64 {
        ((1 << self.exponent) - 1) << self.fraction
    }

    fn sign_bit(&self) -> u64 {
        1 << (self.fraction + self.exponent)
    }
}

fn float(
    text: &str,
    format: &Format,
    decimal: impl Fn(&str) -> Option<u64>,
) -> Result<u64, Refused> {
    let (negative, magnitude) = sign(text);
    let bits = if magnitude == "inf" {
        format.infinity()
    } else if magnitude == "nan" || magnitude == "nan:canonical" {
        format.infinity() | 1 << (format.fraction - 1)
    } else if let Some(payload) = magnitude.strip_prefix("nan:0x") {
        let payload = without_underscores(payload).ok_or(Refused::Malformed)?;
        let payload = u64::from_str_radix(&payload, 16).map_err(|_| Refused::Malformed)?;
        if payload == 0 || payload >> format.fraction != 0 {
            return Err(Refused::OutOfRange);
        }
        format.infinity() | payload
    } else {
        let bits = match magnitude.strip_prefix("0x") {
            Some(hex) => hexadecimal(hex, format)?,
            None => {
                // Rust's parser takes words, too.
                if !magnitude.starts_with(|first: char| first.is_ascii_digit()) {
                    return Err(Refused::Malformed);
                }
                let digits = without_underscores(magnitude).ok_or(Refused::Malformed)?;
                decimal(&digits).ok_or(Refused::Malformed)?
            }
        };
        if bits >= format.infinity() {
            return Err(Refused::OutOfRange);
        }
        bits
    };
    Ok(if negative { bits | format.sign_bit() } else { bits })
}

/// `1.8p3`: a hexadecimal number times a power of two.
fn hexadecimal(text: &str, format: &Format) -> Result<u64, Refused> {
    let (digits, exponent) = match text.split_once(['p', 'P']) {
        Some((digits, exponent)) => {
            let (negative, exponent) = sign(exponent);
            let exponent = without_underscores(exponent).ok_or(Refused::Malformed)?;
            if !exponent.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(Refused::Malformed);
            }
            // Beyond this everything is zero or infinite.
            let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
            (digits, if negative { -exponent } else { exponent })
        }
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = without_underscores(whole).ok_or(Refused::Malformed)?;
    let fraction = if fraction.is_empty() {
        String::new()
    } else {
        without_underscores(fraction).ok_or(Refused::Malformed)?
    };
    // value = mantissa * 2^scale, with the lowest bit of the mantissa set if anything was cut off.
    let mut mantissa: u128 = 0;
    let mut scale = exponent;
    for (after_point, digit) in
        whole.chars().map(|digit| (false, digit)).chain(fraction.chars().map(|digit| (true, digit)))
    {
        let digit = u128::from(digit.to_digit(16).ok_or(Refused::Malformed)?);
        if mantissa >> 120 == 0 {
            mantissa = mantissa << 4 | digit;
            scale -= if after_point { 4 } else { 0 };
        } else {
            mantissa |= u128::from(digit != 0);
            scale += if after_point { 0 } else { 4 };
        }
    }
    Ok(round(mantissa, scale, format))
}

/// The bits of `mantissa * 2^scale`, rounded to nearest, ties to even; too much gives infinity.
fn round(mantissa: u128, scale: i64, format: &Format) -> u64 {
    if mantissa == 0 {
        return 0;
    }
    let bias = (1i64 << (format.exponent - 1)) - 1;
    // The exponent of the number's highest bit, and the weight of the lowest bit that can be kept.
    let top = scale + 127 - i64::from(mantissa.leading_zeros());
    if top > bias {
        return format.infinity();
    }
    let lowest = (top - i64::from(format.fraction)).max(1 - bias - i64::from(format.fraction));
    let drop = lowest - scale;
    let kept = if drop <= 0 {
        mantissa << -drop
    } else if drop > 127 {
        0
    } else {
        let kept = mantissa >> drop;
        let rest = mantissa & ((1 << drop) - 1);
        let half = 1u128 << (drop - 1);
        let up = rest > half || (rest == half && kept & 1 == 1);
        kept + u128::from(up)
    };
    // A mantissa with its hidden bit counts one up in the exponent's place; a subnormal one has none.
    let biased = if top < 1 - bias { 0 } else { (top + bias - 1) as u64 };
    (biased << format.fraction) + kept as u64
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Underscores may stand between digits only.
fn without_underscores(text: &str) -> Option<String> {
    let misplaced =
        text.is_empty() || text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!misplaced).then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn integers_take_both_signs() {
        assert_eq!(integer("-1", 32), Ok(0xffff_ffff));
        assert_eq!(integer("4_294_967_295", 32), Ok(0xffff_ffff));
        assert_eq!(integer("4294967296", 32), Err(Refused::OutOfRange));
        assert_eq!(integer("-0x8000_0000", 32), Ok(0x8000_0000));
        assert_eq!(integer("-0x8000_0001", 32), Err(Refused::OutOfRange));
        assert_eq!(integer("0xffff_ffff_ffff_ffff", 64), Ok(u64::MAX));
        assert_eq!(
            integer("340282366920938463463374607431768211456", 64),
            Err(Refused::OutOfRange)
        );
        for bad in ["", "-", "1_", "_1", "1__2", "0x", "12a", "1.0"] {
            assert_eq!(integer(bad, 32), Err(Refused::Malformed), "{bad}");
        }
    }

    #[test]
    fn hexadecimal_floats_round_once() {
        assert_eq!(float64("0x1.8p3"), Ok(12.0f64.to_bits()));
        assert_eq!(float32("-0x1p-149"), Ok(0x8000_0001));
        assert_eq!(float32("0x1p-150"), Ok(0), "ties go to even");
        assert_eq!(float32("0x1.000001p-150"), Ok(1));
        assert_eq!(float32("0x1.000001p0"), Ok(1.0f32.to_bits()), "ties go to even");
        assert_eq!(float32("0x1.000003p0"), Ok(1.0f32.to_bits() + 2));
        assert_eq!(
            float32("0x1.00000100000000000000000000000000000001p0"),
            Ok(1.0f32.to_bits() + 1)
        );
        assert_eq!(float32("0x1.fffffep127"), Ok(f32::MAX.to_bits()));
        assert_eq!(float32("0x1.ffffffp127"), Err(Refused::OutOfRange));
        assert_eq!(float64("0x1p99999999999999999999"), Err(Refused::OutOfRange));
        assert_eq!(float64("0x0p99999999999999999999"), Ok(0));
        assert_eq!(
            float32("0x0.fffffffp-126"),
            Ok(f32::MIN_POSITIVE.to_bits()),
            "rounds up to normal"
        );
    }

    #[test]
    fn words_and_decimals() {
        assert_eq!(float32("nan:0x200000"), Ok(0x7fa0_0000));
        assert_eq!(float32("-nan"), Ok(0xffc0_0000));
        assert_eq!(float32("nan:0x800000"), Err(Refused::OutOfRange));
        assert_eq!(float64("-inf"), Ok(f64::NEG_INFINITY.to_bits()));
        assert_eq!(float64("1_000.5e-1"), Ok(100.05f64.to_bits()));
        assert_eq!(float32("1e39"), Err(Refused::OutOfRange));
        for bad in ["infinity", "NaN", ".5", "e5", "1e", "0x", "0x.p1", "nan:", "nan:0x"] {
            assert!(float64(bad).is_err(), "{bad}");
        }
    }
}
