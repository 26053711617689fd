import Testing

/// What every command line gets, whatever the command: exit codes, one line for an error, nothing lost.
@Suite struct ShellTests {
  private let tare = Program.tare

  @Test func versionGoesToStandardOutput() throws {
    let result = try tare.run(["--version"])
    #expect(result.exitCode == 0)
    #expect(result.output == "tare 0.1.0\n")
    #expect(result.errors == "")
  }

  @Test(arguments: [["--help"], ["-h"], ["help"], ["formats", "--help"], ["help", "formats"]])
  func helpGoesToStandardOutput(arguments: [String]) throws {
    let result = try tare.run(arguments)
    #expect(result.exitCode == 0)
    #expect(result.output.contains("USAGE: tare"))
    #expect(result.output.hasSuffix("\n"))
    #expect(result.errors == "")
  }

  @Test(arguments: [
    ([], ["tare: a command is missing", "hint: tare --help lists the commands"]),
    (["frobnicate"], ["tare: unknown command 'frobnicate'", "hint: tare --help lists the commands"]),
    (["--frob"], ["tare: unknown option '--frob'", "hint: tare --help shows what is expected"]),
    (["formats", "--jsn"], ["tare: unknown option '--jsn'", "hint: did you mean '--json'?"]),
    (["formats", "x"], ["tare: unexpected argument 'x'", "hint: tare formats --help shows what is expected"]),
    (["formats", "-"], ["tare: unexpected argument '-'", "hint: tare formats --help shows what is expected"]),
    (
      ["formats", "--color"],
      ["tare: missing value for '--color <when>'", "hint: tare formats --help shows what is expected"]
    ),
    (
      ["formats", "--color", "blue"],
      ["tare: the value 'blue' is invalid for '--color <when>'", "hint: one of 'auto', 'always' or 'never'"]
    ),
    (
      ["bad\u{1B}[31m\nname"],
      ["tare: unknown command 'bad\\u{1b}[31m\\u{a}name'", "hint: tare --help lists the commands"]
    ),
  ])
  func usageErrorIsOneLineAndAHint(arguments: [String], lines: [String]) throws {
    let result = try tare.run(arguments)
    #expect(result.exitCode == 64)
    #expect(result.output == "")
    #expect(result.errorLines == lines)
  }

  @Test(arguments: [["formats"], ["formats", "--json"], ["--help"], ["--version"]])
  func readerThatWentAwayEndsQuietly(arguments: [String]) throws {
    let result = try tare.run(arguments, output: .pipeWithoutReader)
    #expect(result.exitCode == 141)
    #expect(result.errors == "")
  }

  @Test(arguments: [["formats"], ["formats", "--json"], ["--help"], ["--version"]])
  func fullOutputIsAnError(arguments: [String]) throws {
    let result = try tare.run(arguments, output: .file("/dev/full"))
    #expect(result.exitCode == 74)
    #expect(result.errorLines == ["tare: standard output: writing failed: No space left on device"])
  }

  @Test func closedOutputIsAnError() throws {
    let result = try tare.run(["formats"], output: .closed)
    #expect(result.exitCode == 74)
    #expect(result.errorLines == ["tare: standard output: writing failed: Bad file descriptor"])
  }

  @Test func closedErrorsChangeNoExitCode() throws {
    #expect(try tare.run(["frobnicate"], errors: .closed).exitCode == 64)
    #expect(try tare.run(["formats"], errors: .closed).exitCode == 0)
  }
}
