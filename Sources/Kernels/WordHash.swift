import CKernels

/// A permutation of the words of 32 and 64 bits whose results spread evenly over all 64-bit numbers.
enum WordHash {
  /// Two products, with the upper half folded into the lower one between them, behind a constant that moves 0: every bit of
  /// the word reaches the upper bits, by which hashes are compared.
  @inline(__always)
  static func hash(_ word: UInt32) -> UInt32 {
    let h = (word ^ 0x9E37_79B9) &* 0x85EB_CA6B
    return (h ^ h &>> 15) &* 0xC2B2_AE35
  }

  /// The finishing steps of MurmurHash3, behind such a constant.
  @inline(__always)
  static func hash(_ word: UInt64) -> UInt64 {
    var h = word ^ 0x9E37_79B9_7F4A_7C15
    h = (h ^ h &>> 33) &* 0xFF51_AFD7_ED55_8CCD
    h = (h ^ h &>> 33) &* 0xC4CE_B9FE_1A85_EC53
    return h ^ h &>> 33
  }

  /// Writes the hashes of `count` words of 32 or 64 bits, those of 32 bits in the upper half, as far as they are below
  /// `limit`, in the order of the words.
  /// - Precondition: `hashes` has room for `count`.
  /// - Returns: how many there are.
  static func hashes(
    _ source: UnsafeRawPointer, _ count: Int, _ width: Int, below limit: UInt64?,
    into hashes: UnsafeMutableBufferPointer<UInt64>, _ functions: tare_statistics?
  ) -> Int {
    if let functions, let limit, let base = hashes.baseAddress {
      let function = unsafe width == 4 ? functions.hashes32 : functions.hashes64
      return unsafe function!(source, count, limit, base)
    }
    return width == 4
      ? unsafe self.hashes(source, count, UInt32.self, below: limit, into: hashes) { UInt64(hash($0)) &<< 32 }
      : unsafe self.hashes(source, count, UInt64.self, below: limit, into: hashes) { hash($0) }
  }

  @inline(__always)
  private static func hashes<Word: FixedWidthInteger>(
    _ source: UnsafeRawPointer, _ count: Int, _: Word.Type, below limit: UInt64?,
    into hashes: UnsafeMutableBufferPointer<UInt64>, _ hash: (Word) -> UInt64
  ) -> Int {
    var found = 0
    let keepsAll = limit == nil
    let bound = limit ?? .max
    for index in 0..<count {
      let hash = unsafe hash(
        source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self))
      unsafe hashes[found] = hash
      found &+= keepsAll || hash < bound ? 1 : 0
    }
    return found
  }
}
