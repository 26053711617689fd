import ArgumentParser
import Glibc
import TensorModel

/// Runs one command line: parse, run, flush, and turn what went wrong into a line and an exit code.
enum Shell {
  /// - Parameter arguments: without the name of the program.
  /// - Returns: the exit code; what had to be said has been said.
  static func run(_ arguments: [String]) -> Int32 {
    do {
      var command = try RootCommand.parseAsRoot(arguments)
      try command.run()
      try StandardOutput.shared.flush()
      return 0
    } catch {
      return end(with: error, arguments)
    }
  }

  static func exitProcess(with code: Int32) -> Never { exit(code) }

  private static func end(with error: any Error, _ arguments: [String]) -> Int32 {
    do {
      // Results that were written before the failure are results all the same.
      let failure = Failure(error, arguments)
      if let request = failure.request { try StandardOutput.shared.write(request) }
      try StandardOutput.shared.flush()
      failure.report()
      return failure.exitCode
    } catch {
      let failure = Failure(error, arguments)
      failure.report()
      return failure.exitCode
    }
  }
}
