package import TensorModel

/// Decodes what LibLZF writes: runs of literals and matches behind control bytes, with no header and no end mark.
package enum LZF {
  /// Decodes all of `source` into the front of `target`, and returns how many bytes it gave.
  /// - Throws: `malformed`, with the offset in `source`, where it is broken or gives more than `target` holds.
  @unsafe package static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> Int {
    var input = unsafe InputBytes(source)
    var output = unsafe MatchWindow(target)
    while !input.isAtEnd {
      let control = Int(try input.byte("LZF stream"))
      if control < 32 {
        try output.appendLiterals(control + 1, &input)
      } else {
        var count = control >> 5 + 2
        if count == 9 { count += Int(try input.byte("LZF stream")) }
        let distance = (control & 31) << 8 | Int(try input.byte("LZF stream"))
        try output.appendMatch(distance: distance + 1, count: count, at: input.position)
      }
    }
    return output.filled
  }
}
