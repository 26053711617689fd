import ArgumentParser
import TensorModel
import Testing

@testable import TareCommand

/// What errors of the library become on the command line.
@Suite struct FailureTests {
  @Test(arguments: [
    (ModelError.Code.damaged, Int32(1)), (.usage, 64), (.malformed, 65), (.missing, 66), (.unsupported, 69),
    (.cannotCreate, 73), (.inputOutput, 74), (.interrupted, 130),
  ])
  func everyKindOfErrorHasItsExitCode(code: ModelError.Code, exitCode: Int32) {
    #expect(Failure(ModelError(code, "x"), []).exitCode == exitCode)
  }

  @Test func errorNamesFileTensorAndByte() throws {
    let error = try #require(throws: ModelError.self) {
      try within("m\n.tare") { () throws(ModelError) in
        try within("tensor 'w'") { () throws(ModelError) in
          throw ModelError(.malformed, "expected 4, found 5", at: 12, hint: "look\u{1B} there")
        }
      }
    }
    let failure = Failure(error, ["pack"])
    #expect(failure.message == "m\\u{a}.tare: tensor 'w': expected 4, found 5 (at byte 12)")
    #expect(failure.hint == "look\\u{1b} there")
    #expect(failure.request == nil)
  }

  @Test func exitCodeAloneSaysNothing() {
    let failure = Failure(ExitCode(1), ["verify"])
    #expect(failure.exitCode == 1)
    #expect(failure.message == nil)
  }
}
