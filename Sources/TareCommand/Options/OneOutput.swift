/// The rule of commands that take several inputs and one `--output`.
enum OneOutput {
  /// - Throws: `UsageError` where one output is named for several inputs.
  static func demand(_ output: String?, for inputs: [String]) throws {
    guard output != nil, inputs.count > 1 else { return }
    throw UsageError(
      "--output names one file, but there are \(inputs.count) inputs",
      hint: "without --output each result goes beside its input")
  }
}
