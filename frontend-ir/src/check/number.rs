//! Float literals, rounded once: from their text to the bits of `f32` or `f64`.
//!
//! Invariant: the result is the value nearest to what is written, ties to even; what is too large is `None`, never an infinity.

use crate::ir::ValueType;

/// Bits in the low half for an `f32`. `None` if the value is out of range or the text is no number.
pub(crate) fn float_bits(text: &str, ty: ValueType) -> Option<u64> {
    let cleaned;
    let text = if text.contains('_') {
        cleaned = text.replace('_', "");
        &cleaned
    } else {
        text
    };
    let single = ty == ValueType::F32;
    let (fraction, infinity) = if single { (23, 0x7f80_0000) } else { (52, 0x7ff0_0000_0000_0000) };
    if text == "inf" {
        return Some(infinity);
    }
    if text == "nan" {
        return Some(infinity | 1 << (fraction - 1));
    }
    if let Some(payload) = text.strip_prefix("nan:0x") {
        let payload = u64::from_str_radix(payload, 16).ok()?;
        return (payload != 0 && payload >> fraction == 0).then_some(infinity | payload);
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hex_bits(hex, fraction, infinity);
    }
    if single {
        let value: f32 = text.parse().ok()?;
        value.is_finite().then(|| u64::from(value.to_bits()))
    } else {
        let value: f64 = text.parse().ok()?;
        value.is_finite().then(|| value.to_bits())
    }
}

/// `1.8p3` in hexadecimal: `0x1.8p3` is 1.5 · 2³.
fn hex_bits(text: &str, fraction: u32, infinity: u64) -> Option<u64> {
    let (digits, exponent) = text.split_once(['p', 'P']).unwrap_or((text, "0"));
    // Beyond this no exponent makes a difference, and sums cannot overflow.
    let mut exponent = exponent.parse::<i64>().ok()?.clamp(-1 << 40, 1 << 40);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mut mantissa: u128 = 0;
    let mut sticky = false;
    let mut any = false;
    for (digit, scale) in
        whole.chars().map(|digit| (digit, 0)).chain(part.chars().map(|digit| (digit, 4)))
    {
        let digit = u128::from(digit.to_digit(16)?);
        any = true;
        if mantissa >> 120 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent -= scale;
        } else {
            sticky |= digit != 0;
            exponent += 4 - scale;
        }
    }
    if !any {
        return None;
    }
    if mantissa == 0 {
        return Some(0);
    }
    // value = mantissa · 2^exponent; let the leading bit have weight 2^top.
    let bits = 128 - mantissa.leading_zeros();
    let top = exponent + i64::from(bits) - 1;
    let exponent_bits = 63 - infinity.leading_zeros() + 1 - fraction;
    let bias = (1i64 << (exponent_bits - 1)) - 1;
    if top > bias {
        return None;
    }
    // The unit in the last place of the result; subnormals share one.
    let unit = (top - i64::from(fraction)).max(1 - bias - i64::from(fraction));
    let shift = unit - exponent;
    let rounded = if shift <= 0 {
        mantissa << shift.unsigned_abs()
    } else if shift >= 128 {
        0
    } else {
        let kept = mantissa >> shift;
        let rest = mantissa & ((1 << shift) - 1);
        let half = 1u128 << (shift - 1);
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        kept + u128::from(up)
    };
    // For a normal number the hidden bit adds one to the exponent field, for a subnormal one nothing; a carry does the right thing.
    let field = (unit + i64::from(fraction) + bias - 1) as u64;
    let result = (field << fraction) + rounded as u64;
    (result < infinity).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_and_special() {
        let f64 = |text| float_bits(text, ValueType::F64).map(f64::from_bits);
        assert_eq!(f64("1.5e3"), Some(1500.0));
        assert_eq!(f64("1_000.25"), Some(1000.25));
        assert_eq!(f64("inf"), Some(f64::INFINITY));
        assert_eq!(float_bits("nan", ValueType::F64), Some(0x7ff8_0000_0000_0000));
        assert_eq!(float_bits("nan:0x200000", ValueType::F32), Some(0x7fa0_0000));
        assert_eq!(f64("1e999"), None);
        assert_eq!(float_bits("1e39", ValueType::F32), None);
        // Rounding twice, to f64 first, would give the neighbour.
        let text = "1.00000005960464477540";
        assert_eq!(float_bits(text, ValueType::F32), Some(u64::from(1.000_000_1_f32.to_bits())));
    }

    #[test]
    fn hexadecimal() {
        for (text, value) in [
            ("0x1.8p3", 12.0),
            ("0x0p0", 0.0),
            ("0x1p-1074", f64::from_bits(1)),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", f64::from_bits(1)),
            ("0x1p-1022", f64::MIN_POSITIVE),
            ("0x0.fffffffffffffp-1022", f64::from_bits((1 << 52) - 1)),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000000000000000000001p0", 1.0 + f64::EPSILON),
            ("0x1.00000000000018p0", 1.0 + 2.0 * f64::EPSILON),
            (
                "0x123456789abcdef0123456789abcdef0123p0",
                0x12_3456_789a_bcde_f000_u128 as f64 * 2f64.powi(68),
            ),
        ] {
            assert_eq!(float_bits(text, ValueType::F64).map(f64::from_bits), Some(value), "{text}");
        }
        assert_eq!(float_bits("0x1p1024", ValueType::F64), None);
        assert_eq!(float_bits("0x1.fffffffffffff8p1023", ValueType::F64), None);
        assert_eq!(float_bits("0x1p128", ValueType::F32), None);
        assert_eq!(float_bits("0x1p-149", ValueType::F32), Some(1));
        assert_eq!(float_bits("0x.p1", ValueType::F32), None);
    }
}
