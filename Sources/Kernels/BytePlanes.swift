/// Splits elements into byte planes and joins them. None of these functions allocates or fails.
public enum BytePlanes {
  /// Writes byte k, k + stride, … of the source to plane k, planes one after the other, each of `elements` bytes.
  public static func split(
    _ source: UnsafePointer<UInt8>, elements: Int, stride: Int, into planes: UnsafeMutablePointer<UInt8>
  ) {
    for plane in 0..<stride {
      let out = unsafe planes + plane * elements
      let from = unsafe source + plane
      for index in 0..<elements { unsafe out[index] = from[index &* stride] }
    }
  }

  /// Puts one plane of `split` back.
  public static func join(
    _ plane: UnsafePointer<UInt8>, number: Int, elements: Int, stride: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let out = unsafe target + number
    for index in 0..<elements { unsafe out[index &* stride] = plane[index] }
  }

  /// The lowest `bytes` bytes of words by plane, the lowest plane first.
  public static func split<W: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ words: [W], bytes: Int)
    -> [UInt8]
  {
    let stride = W.bitWidth / 8
    return unsafe [UInt8](unsafeUninitializedCapacity: stride * words.count) { planes, initialized in
      unsafe words.withUnsafeBytes { words in
        guard let start = words.baseAddress, let target = planes.baseAddress else { return }
        unsafe split(
          start.assumingMemoryBound(to: UInt8.self), elements: words.count / stride, stride: stride, into: target)
      }
      initialized = bytes * words.count
    }
  }

  /// The words of `split`, whose planes fill `planes`.
  public static func joined<W: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ planes: UnsafeRawBufferPointer, of type: W.Type, count: Int, bytes: Int
  ) -> [W] {
    precondition(planes.count == bytes * count)
    var words = [W](repeating: 0, count: count)
    unsafe words.withUnsafeMutableBytes { words in
      guard let target = words.baseAddress, let start = planes.baseAddress else { return }
      for plane in 0..<bytes {
        unsafe join(
          start.assumingMemoryBound(to: UInt8.self) + plane * count, number: plane, elements: count,
          stride: W.bitWidth / 8, into: target.assumingMemoryBound(to: UInt8.self))
      }
    }
    return words
  }

  /// The planes of words rotated left by one bit, most significant byte first.
  public static func splitRotated(
    _ source: UnsafeRawPointer, elements: Int, width: Int, into planes: UnsafeMutablePointer<UInt8>,
    on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.split_rotated { return unsafe kernel(source, elements, Int32(width), planes) }
    withWord(
      width: width,
      { unsafe splitRotated(source.words(UInt8.self), elements, planes) },
      { unsafe splitRotated(source.words(UInt16.self), elements, planes) },
      { unsafe splitRotated(source.words(UInt32.self), elements, planes) },
      { unsafe splitRotated(source.words(UInt64.self), elements, planes) })
  }

  /// The inverse of `splitRotated`. `planes` holds one pointer per byte of the word, each to `elements` bytes.
  public static func joinRotated(
    _ planes: UnsafePointer<UnsafePointer<UInt8>>, elements: Int, width: Int, into target: UnsafeMutableRawPointer,
    on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.join_rotated {
      return unsafe planes.withMemoryRebound(to: UnsafePointer<UInt8>?.self, capacity: width) {
        unsafe kernel($0, elements, Int32(width), target)
      }
    }
    withWord(
      width: width,
      { unsafe joinRotated(planes, elements, target.words(UInt8.self)) },
      { unsafe joinRotated16(planes, elements, target.words(UInt16.self)) },
      { unsafe joinRotated32(planes, elements, target.words(UInt32.self)) },
      { unsafe joinRotated(planes, elements, target.words(UInt64.self)) })
  }

  @inline(__always)
  private static func splitRotated<W: Word>(
    _ source: UnsafePointer<W>, _ elements: Int, _ planes: UnsafeMutablePointer<UInt8>
  ) {
    let width = W.bitWidth / 8
    for plane in 0..<width {
      let out = unsafe planes + plane * elements
      // Rotating left by one and taking the byte at `shift` is a shift right by one bit less.
      let shift = W(truncatingIfNeeded: 8 * (width - 1 - plane))
      if shift == 0 {
        for index in 0..<elements {
          let word = unsafe source[index]
          unsafe out[index] = UInt8(truncatingIfNeeded: word &<< 1 | word &>> W(W.bitWidth - 1))
        }
      } else {
        for index in 0..<elements { unsafe out[index] = UInt8(truncatingIfNeeded: source[index] &>> (shift - 1)) }
      }
    }
  }

  @inline(__always)
  private static func joinRotated<W: Word>(
    _ planes: UnsafePointer<UnsafePointer<UInt8>>, _ elements: Int, _ target: UnsafeMutablePointer<W>
  ) {
    for index in 0..<elements {
      var word: W = 0
      for plane in 0..<(W.bitWidth / 8) {
        word = unsafe (W.bitWidth == 8 ? 0 : word &<< 8) | W(truncatingIfNeeded: planes[plane][index])
      }
      unsafe target[index] = word &>> 1 | word &<< W(W.bitWidth - 1)
    }
  }

  private static func joinRotated16(
    _ planes: UnsafePointer<UnsafePointer<UInt8>>, _ elements: Int, _ target: UnsafeMutablePointer<UInt16>
  ) {
    let (high, low) = unsafe (planes[0], planes[1])
    for index in 0..<elements {
      let word = unsafe UInt16(high[index]) &<< 8 | UInt16(low[index])
      unsafe target[index] = word &>> 1 | word &<< 15
    }
  }

  private static func joinRotated32(
    _ planes: UnsafePointer<UnsafePointer<UInt8>>, _ elements: Int, _ target: UnsafeMutablePointer<UInt32>
  ) {
    let (a, b, c, d) = unsafe (planes[0], planes[1], planes[2], planes[3])
    for index in 0..<elements {
      let upper = unsafe UInt32(a[index]) &<< 24 | UInt32(b[index]) &<< 16
      let word = unsafe upper | UInt32(c[index]) &<< 8 | UInt32(d[index])
      unsafe target[index] = word &>> 1 | word &<< 31
    }
  }
}
