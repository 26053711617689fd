import ArgumentParser

/// Whether an existing output may be replaced.
struct ForceOption: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Overwrite the output where it exists.")
  var force = false
}
