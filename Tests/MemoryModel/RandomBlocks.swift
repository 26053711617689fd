public import TensorModel

extension SeededRandom {
  /// `count` blocks of random codes. Most 16-bit scales are finite; some blocks are zeros, and some are repeated.
  public mutating func blocks(_ type: BlockType, _ count: Int) -> [UInt8] {
    let layout = type.layout
    var last = [UInt8](repeating: 0, count: layout.byteCount)
    return (0..<count).flatMap { _ -> [UInt8] in
      switch next() % 8 {
      case 0: return [UInt8](repeating: 0, count: layout.byteCount)
      case 1: return last
      case 2: break
      default:
        last = bytes(layout.byteCount)
        for field in layout.fields where field.word == .f16 { last[field.offset + 1] &= 0xBF }
        return last
      }
      return bytes(layout.byteCount)
    }
  }
}
