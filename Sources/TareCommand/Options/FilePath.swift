import ArgumentParser

/// The path of a file or folder, as the user gave it.
///
/// `-` is refused: the formats are read and written at many places at once, which no pipe can do.
func filePath(_ text: String) throws -> String {
  guard text != "-" else {
    throw UsageError("the formats need seeking, so a pipe is not accepted", hint: "name a file")
  }
  guard !text.isEmpty else { throw UsageError("the path is empty") }
  return text
}
