public import TensorModel

/// Ends the process where a reader breaks its word; libFuzzer keeps the input.
public func demand(_ holds: Bool, _ claim: @autoclosure () -> String) {
  guard !holds else { return }
  fatalError("broken: \(claim())")
}

/// What `body` returns, or nil where it throws; an error must say something, and of a place inside the input.
public func attempt<Result: ~Copyable>(
  inputBytes: Int, _ body: () throws(ModelError) -> Result
) -> Result? {
  do throws(ModelError) {
    return try body()
  } catch {
    demand(!error.message.isEmpty, "an error says what it is")
    demand((0...inputBytes).contains(error.byteOffset ?? 0), "byte \(error.byteOffset ?? 0) of \(inputBytes): \(error)")
    return nil
  }
}
