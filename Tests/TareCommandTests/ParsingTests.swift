import ArgumentParser
import Testing

@testable import TareCommand

/// Combinations of arguments that make no sense, and what is said of them.
@Suite struct ParsingTests {
  private typealias Command = any ParsableCommand.Type

  private func complaint(_ command: Command, _ arguments: [String]) throws -> String {
    do {
      _ = try command.parseAsRoot(arguments)
    } catch {
      return ParserComplaint(command.message(for: error), []).message
    }
    throw UsageError("was accepted")
  }

  @Test func standardInputIsNoModel() throws {
    for command in [PackCommand.self, InspectCommand.self, VerifyCommand.self, UnpackCommand.self] as [Command] {
      #expect(try complaint(command, ["-"]).hasSuffix("the formats need seeking, so a pipe is not accepted"))
    }
  }

  @Test func standardOutputIsNoFile() throws {
    #expect(try complaint(PackCommand.self, ["m", "-o", "-"]).hasSuffix("so a pipe is not accepted"))
    #expect(try complaint(CatCommand.self, ["m", "t", "-o", "-"]).hasSuffix("so a pipe is not accepted"))
  }

  @Test(arguments: ["0", "10", "x", "3.5"])
  func levelIsFromOneToNine(level: String) throws {
    let message = try complaint(PackCommand.self, ["m", "--level", level])
    #expect(
      message == "the value '\(level)' is invalid for '--level <1-9>': expected a whole number from 1 to 9")
  }

  @Test func oneOutputNeedsOneInput() throws {
    #expect(
      try complaint(PackCommand.self, ["a", "b", "-o", "c"]) == "--output names one file, but there are 2 inputs")
    #expect(try complaint(UnpackCommand.self, ["a", "b", "-o", "c"]).hasPrefix("--output names one file"))
  }

  @Test func comparisonNeedsTwoModels() throws {
    #expect(try complaint(VerifyCommand.self, ["a", "--tolerance", "exact"]).hasPrefix("--tolerance compares two"))
    #expect(try complaint(VerifyCommand.self, ["a", "--max-differences", "3"]).hasPrefix("--max-differences compares"))
    #expect(throws: Never.self) { try VerifyCommand.parseAsRoot(["a", "b", "--tolerance", "value"]) }
  }

  @Test func formOfTheReportIsSaidOnce() throws {
    #expect(try complaint(InspectCommand.self, ["m", "--json", "--format", "table"]).hasPrefix("--json and --format"))
    let inspect = try #require(InspectCommand.parseAsRoot(["m", "--json"]) as? InspectCommand)
    #expect(inspect.reportFormat == .json)
  }

  @Test func sortingByDataNeedsTheData() throws {
    #expect(
      try complaint(InspectCommand.self, ["m", "--header-only", "--sort", "savings"]).hasPrefix("--sort savings"))
    #expect(throws: Never.self) { try InspectCommand.parseAsRoot(["m", "--header-only", "--sort", "bytes"]) }
  }

  @Test func quietAndVerboseExcludeEachOther() throws {
    #expect(
      try complaint(PackCommand.self, ["m", "--quiet", "--verbose"]) == "--quiet and --verbose exclude each other")
  }

  @Test(arguments: [
    (["m", "t"], CatCommand.Format.npy), (["m", "t", "-o", "a.txt"], .text), (["m", "t", "-o", "a.bin"], .raw),
    (["m", "t", "-o", "a.raw", "--format", "npy"], .npy),
  ])
  func formOfATensorFollowsFromTheOutput(arguments: [String], format: CatCommand.Format) throws {
    let cat = try #require(CatCommand.parseAsRoot(arguments) as? CatCommand)
    #expect(cat.tensorFormat == format)
  }
}
