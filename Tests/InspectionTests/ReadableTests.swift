import Testing

@testable internal import Inspection

@Suite struct ReadableTests {
  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1949, "1.9 kB"), (1950, "2.0 kB"), (999_949, "999.9 kB"),
    (999_950, "1.0 MB"), (90_868_376, "90.9 MB"), (20_000_000_000, "20.0 GB"), (1 << 60, "1.2 EB"),
  ])
  func sizes(_ bytes: Int, _ text: String) {
    #expect(Readable.bytes(bytes) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1234, "1,234"), (999_999, "999,999"), (22_713_728, "22.7 million"),
    (70_553_706_496, "70.6 billion"),
  ])
  func counts(_ count: Int, _ text: String) {
    #expect(Readable.count(count) == text)
  }

  @Test(arguments: [
    (0, 0, "0%"), (0, 9, "0%"), (9, 9, "100%"), (1, 100_000, "<0.1%"), (99_999, 100_000, ">99.9%"), (1, 3, "33.3%"),
  ])
  func shares(_ part: Int, _ whole: Int, _ text: String) {
    #expect(Readable.share(part, of: whole) == text)
  }

  @Test(arguments: [(25, 100, "75.0%"), (100, 100, "0%"), (103, 100, "-3.0%"), (100_001, 100_000, "0%"), (0, 0, "0%")])
  func savings(_ packed: Int, _ whole: Int, _ text: String) {
    #expect(Readable.saving(packed, of: whole) == text)
  }

  @Test(arguments: [
    (0, "0"), (-128, "-128"), (65504, "65504"), (0.123456, "0.1235"), (-0.02999999, "-0.03"), (0.99999, "1"),
    (1.00001, "1"), (123.456, "123.5"), (99999.96, "100000"), (1e6, "1e+06"), (1.5e-7, "1.5e-07"), (0.0001, "0.0001"),
    (0.00009999, "9.999e-05"), (0.000099999, "0.0001"), (3.4028234e38, "3.403e+38"), (.leastNonzeroMagnitude, "5e-324"),
    (-1.7976931348623157e308, "-1.798e+308"), (12345.6, "12350"), (.infinity, "inf"), (-.infinity, "-inf"),
    (.nan, "nan"),
  ])
  func numbers(_ value: Double, _ text: String) {
    #expect(Readable.number(value) == text)
  }
}

@Suite struct TextWidthTests {
  @Test(arguments: [
    ("abcdefgh", 8, "abcdefgh"), ("abcdefghi", 8, "abcd…ghi"), ("abc", 1, "…"), ("日本語日本語", 7, "日…語"),
    ("encoder.layer.0.attention.weight", 16, "encoder.….weight"),
  ])
  func namesAreShortenedInTheMiddle(_ text: String, _ width: Int, _ short: String) {
    #expect(text.shortened(to: width) == short)
    #expect(text.shortened(to: width).displayWidth <= width)
  }

  @Test func longValuesAreCut() {
    #expect("abcdef".cut(to: 4) == "abc…")
    #expect("日本語".cut(to: 4) == "日…")
  }
}
