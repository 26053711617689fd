import Tare
import Testing

@testable import TareCommand

/// What single values of the command line mean.
@Suite struct OptionTests {
  @Test(arguments: [
    ("512M", 512 << 20), ("512m", 512 << 20), ("1G", 1 << 30), ("32768K", 32 << 20), ("2T", 2 << 40),
    ("33554432", 32 << 20),
  ])
  func memoryIsCountedInPowersOf1024(text: String, byteCount: Int) throws {
    #expect(try MemorySize(text).byteCount == byteCount)
  }

  @Test(arguments: ["", "M", "-1G", "+1G", "1.5G", "1 G", "12Q", "9223372036854775807K", "31M", "0", "٣G"])
  func whatIsNoSizeOfMemoryIsRefused(text: String) {
    #expect(throws: UsageError.self) { try MemorySize(text) }
  }

  @Test func memoryIsShownInTheLargestWholeUnit() throws {
    #expect(MemorySize.standard.description == "512M")
    #expect(try MemorySize("1024M").description == "1G")
    #expect(try MemorySize("33554433").description == "33554433")
  }

  @Test(arguments: [
    ("encoder.*", "encoder.layer.0", true), ("encoder.*", "decoder.layer.0", false), ("encoder.*", "encoder.", true),
    ("*", "", true), ("", "", true), ("", "a", false), ("?", "é", true), ("a?c", "ac", false),
    ("*.weight", "a.weight.weight", true), ("*a*b*c", "xxaxxbxxaxcxc", true), ("*a*b*c", "xxaxxcxxb", false),
    ("layers.[0-3].*", "layers.2.q", true), ("layers.[0-3].*", "layers.4.q", false),
    ("layers.[!0-3].*", "layers.4.q", true), ("[]]", "]", true), ("[", "[", true), ("[ab", "[ab", true),
    ("[a-]", "-", true), ("\\*", "*", true), ("\\*", "x", false), ("a/*", "a/b/c", true),
  ])
  func patternFitsWholeNames(pattern: String, name: String, fits: Bool) {
    #expect(GlobPattern(pattern).matches(name) == fits)
  }

  @Test func patternOfManyRunsTakesNoTime() {
    let pattern = GlobPattern(String(repeating: "*a", count: 100) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 10_000)))
  }

  @Test func excludedNamesAreLeftOut() throws {
    let inspect = try #require(
      InspectCommand.parseAsRoot(["m", "--tensor", "a*", "--tensor", "b", "--exclude", "*z"]) as? InspectCommand)
    #expect(["a", "ab", "b", "az", "c"].filter(inspect.selection.filter.accepts) == ["a", "ab", "b"])
  }

  @Test(arguments: [("0:128", 0, 128), ("5:5", 5, 5), (":7", 0, 7), ("3:", 3, nil), (":", 0, nil)])
  func rowsAreHalfOpen(text: String, start: Int, end: Int?) throws {
    let rows = try RowRange(text)
    #expect(rows.start == start)
    #expect(rows.end == end)
  }

  @Test(arguments: ["", "3", "1:2:3", "-1:4", "a:b", "99999999999999999999:"])
  func whatIsNoRangeOfRowsIsRefused(text: String) {
    #expect(throws: (any Error).self) { try RowRange(text) }
  }

  @Test func threadsDefaultToTheCoresOfTheProcess() throws {
    let pack = try #require(PackCommand.parseAsRoot(["m"]) as? PackCommand)
    #expect(pack.work.threadCount >= 1)
    #expect(pack.work.memoryBytes == 512 << 20)
    #expect(pack.level.number == 3)
  }
}
