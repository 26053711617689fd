/// The smallest of several stored forms of one chunk, which a workspace encodes one after the other.
struct SmallestChunk {
  private let workspace: EncodingWorkspace
  private var best: (choice: ChunkChoice, stored: [UInt8])?
  /// Whether the workspace holds the smallest.
  private var isHeld = false

  init(_ workspace: EncodingWorkspace) { self.workspace = workspace }

  /// Takes note of the form that the workspace holds.
  mutating func offer(_ choice: ChunkChoice) {
    isHeld = workspace.encodedByteCount < best?.stored.count ?? .max
    guard isHeld else { return }
    best = (choice, unsafe [UInt8](workspace.best.finish()))
  }

  /// Leaves the smallest in the workspace. At least one was offered.
  func take() -> ChunkChoice {
    guard let best else { preconditionFailure("nothing was encoded") }
    if !isHeld { workspace.best.adopt(best.stored) }
    return best.choice
  }
}
