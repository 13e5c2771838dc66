//! Numbers against what Python 3 prints.

use super::numbers::{count, four_decimals, percent_of_five_decimals, repr, seven_digits};
use proptest::prelude::*;

#[test]
fn floats_are_written_as_python_does() {
    // `[repr(x) for x in (...)]`
    for (number, due) in [
        (93.0, "93.0"),
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1341.200927734375, "1341.200927734375"),
        // Two shortest decimals are equally near.
        (881.0 + 20840.0 / 131072.0, "881.1589965820312"),
        (-955.0 + 131.0 / 16384.0, "-954.9920043945312"),
        // Beside a power of two, the nearest decimal of the shortest length reads back as another number.
        (9007199254740993.0, "9007199254740992.0"),
        (5e-324, "5e-324"),
        (2.2250738585072014e-308, "2.2250738585072014e-308"),
        (120.0, "120.0"),
        (0.012, "0.012"),
        (0.0001, "0.0001"),
        (0.00012345, "0.00012345"),
        (0.00001, "1e-05"),
        (1.5e-7, "1.5e-07"),
        (1e15, "1000000000000000.0"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (1e16, "1e+16"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
    ] {
        assert_eq!(repr(number), due);
    }
}

#[test]
fn numbers_are_rounded_as_python_does() {
    // `float('%.7g' % x)`: halves go to the even digit, and what only looks like a half goes where it belongs.
    for (number, due) in [
        (0.63076923, 0.6307692),
        (1_000_000.5, 1_000_000.0),
        (1_000_001.5, 1_000_002.0),
        (0.12345675, 0.1234568),
        (0.12345685, 0.1234569),
        (9.9999999, 10.0),
        (1.0000002e-5, 1.0e-5),
        (0.30000001192092896, 0.3),
    ] {
        assert_eq!(seven_digits(number), due, "{number}");
    }
    // `round(x, 4)`
    for (number, due) in
        [(93.91666666666667, 93.9167), (0.00005, 0.0001), (0.00015, 0.0001), (90.03125, 90.0312), (90.03135, 90.0314)]
    {
        assert_eq!(four_decimals(number), due, "{number}");
    }
    let percent = |share| percent_of_five_decimals(share).unwrap_or_default();
    assert_eq!(
        [0.8586333333333335, 0.9366, 0.1, 0.0, 1.0, 0.858625].map(percent),
        ["85.863", "93.66", "10", "0", "100", "85.862"]
    );
    assert_eq!([f64::NAN, -0.1, 1.00001, -0.0].map(percent_of_five_decimals), [None, None, None, None]);
    assert_eq!([3.0, 3.5, -1.0, f64::NAN, 1e18].map(count), [Some(3), None, None, None, None]);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(bits: u64) {
        let number = f64::from_bits(bits);
        if number.is_finite() {
            prop_assert_eq!(repr(number).parse::<f64>().unwrap().to_bits(), bits);
        }
    }
}
