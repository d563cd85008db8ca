//! The normal distribution, and the chi-square one that follows from it.

/// The quantile of the standard normal distribution.
///
/// The same bits on every machine: its logarithm is `libm`'s, which is plain arithmetic.
///
/// **Source**: Wichura 1988, Algorithm AS 241 (PPND16), relative accuracy about 1e-16.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        let square = 0.180_625 - centred * centred;
        return centred * ratio(&CENTRE, square);
    }
    let tail = if centred < 0.0 { probability } else { 1.0 - probability };
    let depth = (-libm::log(tail)).sqrt();
    let size = if depth <= 5.0 { ratio(&SHOULDER, depth - 1.6) } else { ratio(&TAIL, depth - 5.0) };
    if centred < 0.0 { -size } else { size }
}

/// Numerator and denominator of a rational function, constant terms first.
type Rational = [[f64; 8]; 2];

fn ratio([numerator, denominator]: &Rational, at: f64) -> f64 {
    let value = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * at + term);
    value(numerator) / value(denominator)
}

const CENTRE: Rational = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const SHOULDER: Rational = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const TAIL: Rational = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

/// The quantile of the chi-square distribution with `degrees` of freedom; 0 where there are none.
///
/// **Source**: Wilson and Hilferty 1931 (DOI 10.1073/pnas.17.12.684): the cube root is nearly normal. Off by under 3 % at one degree of
/// freedom, under 0.5 % from five on.
#[must_use]
pub fn chi_square_quantile(probability: f64, degrees: usize) -> f64 {
    if degrees == 0 {
        return 0.0;
    }
    let degrees = degrees as f64;
    let spread = 2.0 / (9.0 * degrees);
    let cube_root = (1.0 - spread + normal_quantile(probability) * spread.sqrt()).max(0.0);
    degrees * cube_root.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Golden values: `scipy.stats.norm.ppf` (SciPy 1.17.1).
    #[rstest]
    #[case(0.5, 0.0)]
    #[case(0.75, 0.674_489_750_196_081_7)]
    #[case(0.975, 1.959_963_984_540_054)]
    #[case(0.01, -2.326_347_874_040_840_8)]
    #[case(1e-9, -5.997_807_015_007_687)]
    #[case(1e-15, -7.941_345_326_170_997)]
    fn normal_quantile_agrees_with_scipy(#[case] probability: f64, #[case] expected: f64) {
        assert!((normal_quantile(probability) - expected).abs() < 1e-12, "{}", normal_quantile(probability));
    }

    /// The upper points that tables of the distribution print.
    #[rstest]
    #[case(0.95, 1, 3.841, 0.03)]
    #[case(0.95, 5, 11.070, 0.005)]
    #[case(0.95, 19, 30.144, 0.002)]
    #[case(0.99, 10, 23.209, 0.002)]
    #[case(0.999, 19, 43.820, 0.003)]
    fn chi_square_quantile_agrees_with_the_tables(
        #[case] probability: f64,
        #[case] degrees: usize,
        #[case] expected: f64,
        #[case] within: f64,
    ) {
        let found = chi_square_quantile(probability, degrees);
        assert!((found / expected - 1.0).abs() < within, "{found}");
    }

    #[test]
    fn no_degrees_of_freedom_leave_no_noise() {
        assert_eq!(chi_square_quantile(0.99, 0), 0.0);
    }
}
