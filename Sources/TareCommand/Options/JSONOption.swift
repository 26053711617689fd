import ArgumentParser

/// Whether the result is one JSON document.
struct JSONOption: ParsableArguments {
  @Flag(help: "Write the result as one JSON document.")
  var json = false
}
