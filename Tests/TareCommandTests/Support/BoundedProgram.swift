import Foundation

extension Program {
  /// Runs `tare` with 20 seconds of processor time and 2 GiB of address space, and without a core.
  static func boundedTare(_ arguments: [String], in folder: String? = nil) throws -> ProgramResult {
    let script = #"ulimit -c 0; ulimit -t 20; ulimit -v 2097152; exec "$0" "$@""#
    return try Program(path: "/bin/sh").run(["-c", script, tare.path] + arguments, in: folder)
  }
}
