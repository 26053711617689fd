/// Packs fields of 1, 2 or 4 bits in tiles of 4,096 elements: byte j of a tile of m elements holds the fields of
/// j, j + s, j + 2s, … from its low bits up, s = ⌈m · bits / 8⌉. Whole columns of a tile are shifted and joined at a
/// time, so plain loops vectorise. None of these functions allocates or fails.
public enum BitFields {
  public static let tile = 4096

  /// The bytes that `elements` fields fill.
  public static func byteCount(elements: Int, bits: Int) -> Int {
    elements / tile * (tile * bits / 8) + (elements % tile * bits + 7) / 8
  }

  /// Packs one tile of at most 4,096 fields, bits `shift` and up of each byte of `source`.
  @inline(never)
  static func packTile(
    _ source: UnsafePointer<UInt8>, elements: Int, shift: Int, bits: Int, into target: UnsafeMutablePointer<UInt8>,
    on set: InstructionSet
  ) {
    if let kernel = unsafe set.kernels?.pack_tile {
      return unsafe kernel(source, elements, UInt32(shift), UInt32(bits), target)
    }
    let stride = (elements * bits + 7) / 8
    let mask = UInt8(1) &<< UInt8(bits) - 1
    let down = UInt8(truncatingIfNeeded: shift)
    let first = min(stride, elements)
    var index = 0
    while index < first {
      unsafe target[index] = source[index] &>> down & mask
      index &+= 1
    }
    var column = 1
    while column * stride < elements {
      let from = unsafe source + column * stride
      let up = UInt8(truncatingIfNeeded: column * bits)
      let count = min(stride, elements - column * stride)
      index = 0
      while index < count {
        unsafe target[index] |= (from[index] &>> down & mask) &<< up
        index &+= 1
      }
      column += 1
    }
  }

  /// Unpacks one tile into bits `shift` and up of each byte of `target`, whose other bits stay.
  @inline(never)
  static func unpackTile(
    _ source: UnsafePointer<UInt8>, elements: Int, shift: Int, bits: Int, into target: UnsafeMutablePointer<UInt8>,
    on set: InstructionSet
  ) {
    if let kernel = unsafe set.kernels?.unpack_tile {
      return unsafe kernel(source, elements, UInt32(shift), UInt32(bits), target)
    }
    let stride = (elements * bits + 7) / 8
    let mask = UInt8(1) &<< UInt8(bits) - 1
    let up = UInt8(truncatingIfNeeded: shift)
    var column = 0
    while column * stride < elements {
      let out = unsafe target + column * stride
      let down = UInt8(truncatingIfNeeded: column * bits)
      let count = min(stride, elements - column * stride)
      var index = 0
      while index < count {
        unsafe out[index] |= (source[index] &>> down & mask) &<< up
        index &+= 1
      }
      column += 1
    }
  }
}
