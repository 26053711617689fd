package import TensorModel

/// The codes of a block as symbols of a byte, those with one scale together: `formats/encodings/blocks.md`.
///
/// A part is a run of elements that share a scale. Codes of up to four bits are put together as they fill a byte; of five
/// and six bits each is a symbol.
package struct BlockSymbols: Sendable {
  package let type: BlockType
  /// Parts of a block; 0 of types whose codes are indices of tables, which are fields like the others.
  package let parts: Int
  /// Symbols of a part.
  package let symbols: Int
  /// The bytes of a block that they take the place of, where they are those as they are.
  let plain: Int?

  package init(_ type: BlockType) {
    self.type = type
    (parts, symbols, plain) =
      switch type {
      case .q1_0, .q2_0, .q4_0, .iq4_nl: (1, 16, 2)
      case .q4_1: (1, 16, 4)
      case .mxfp4: (1, 16, 1)
      case .nvfp4: (4, 8, 4)
      case .iq4_xs: (8, 16, 8)
      case .q8_0: (1, 32, 2)
      case .q8_1: (1, 32, 4)
      case .q8_k: (1, 256, 4)
      case .tq1_0: (1, 52, 0)
      case .tq2_0: (1, 64, 0)
      case .q5_0, .q5_1: (1, 32, nil)
      case .q2_k: (16, 4, nil)
      case .q3_k: (16, 8, nil)
      case .q4_k: (8, 16, nil)
      case .q5_k: (8, 32, nil)
      case .q6_k: (16, 16, nil)
      case .iq1_s, .iq1_m, .iq2_xxs, .iq2_xs, .iq2_s, .iq3_xxs, .iq3_s: (0, 0, nil)
      }
  }

  /// Symbols of a block.
  package var count: Int { parts * symbols }

  /// Whether the symbols hold a field.
  package func holds(_ field: BlockLayout.Field) -> Bool {
    parts > 0 && (field.role == .codes || field.role == .highBits)
  }

  /// Writes the symbols of a block, part by part.
  @inline(__always)
  package func split(_ block: UnsafeRawPointer, into symbols: UnsafeMutablePointer<UInt8>) {
    if let plain {
      unsafe UnsafeMutableRawPointer(symbols).copyMemory(from: block + plain, byteCount: count)
      return
    }
    switch type {
    case .q5_0: unsafe Self.splitFive(block + 2, symbols)
    case .q5_1: unsafe Self.splitFive(block + 4, symbols)
    case .q2_k: unsafe Self.splitTwo(block + 16, symbols)
    case .q3_k: unsafe Self.splitThree(block, symbols)
    case .q4_k: unsafe Self.splitFour(block + 16, symbols)
    case .q5_k: unsafe Self.splitFiveK(block + 16, symbols)
    default: unsafe Self.splitSix(block, symbols)
    }
  }

  /// Sets the bytes of a block that the symbols stand for. Bits that a symbol of the type lacks are ignored.
  @inline(__always)
  package func join(_ symbols: UnsafePointer<UInt8>, into block: UnsafeMutableRawPointer) {
    if let plain {
      unsafe (block + plain).copyMemory(from: symbols, byteCount: count)
      return
    }
    let bytes = unsafe block.assumingMemoryBound(to: UInt8.self)
    switch type {
    case .q5_0: unsafe Self.joinFive(symbols, bytes + 2)
    case .q5_1: unsafe Self.joinFive(symbols, bytes + 4)
    case .q2_k: unsafe Self.joinTwo(symbols, bytes + 16)
    case .q3_k: unsafe Self.joinThree(symbols, bytes)
    case .q4_k: unsafe Self.joinFour(symbols, bytes + 16)
    case .q5_k: unsafe Self.joinFiveK(symbols, bytes + 16)
    default: unsafe Self.joinSix(symbols, bytes)
    }
  }
}
