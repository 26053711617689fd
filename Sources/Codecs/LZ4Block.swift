package import TensorModel

/// Decodes LZ4 blocks: sequences of literals and of matches with what was decoded before, without any frame around them
/// (the block format description of the LZ4 project).
package enum LZ4Block {
  /// Decodes the one block that fills `source` into all of `target`.
  /// - Throws: `malformed`, with the offset in `source`, where it is broken or gives another number of bytes.
  @unsafe package static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) {
    var input = unsafe InputBytes(source)
    var output = unsafe MatchWindow(target)
    while true {
      let token = try input.byte("LZ4 block")
      let literals = try length(Int(token >> 4), &input)
      try output.appendLiterals(literals, &input)
      // The last sequence is literals alone.
      if input.isAtEnd { break }
      let distance = Int(try input.byte("LZ4 block")) | Int(try input.byte("LZ4 block")) << 8
      try output.appendMatch(distance: distance, count: length(Int(token & 15), &input) + 4, at: input.position)
    }
    guard output.filled == target.count else {
      throw ModelError(
        .malformed, "an LZ4 block gives \(output.filled) bytes, expected \(target.count)", at: input.position)
    }
  }

  /// A length of four bits; where these are full, bytes that add to it follow, the last of them below 255.
  @inline(__always)
  private static func length(_ nibble: Int, _ input: inout InputBytes) throws(ModelError) -> Int {
    guard nibble == 15 else { return nibble }
    var length = nibble
    while true {
      let next = try input.byte("LZ4 block")
      // No overflow: there are not 2^55 bytes of input.
      length += Int(next)
      if next < 255 { return length }
    }
  }
}
