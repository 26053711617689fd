/// The message of an object's header that says how a dataset is laid out, where it holds the elements themselves: a version,
/// 3 or 4, the class 0, the number of bytes in two, and the bytes (HDF5 file format, data layout message).
enum HDF5CompactMessage {
  private static let headBytes = 4

  /// The first place in a header at which `elements` stand in such a message.
  static func place(of elements: [UInt8], in header: RawSpan) -> Int? {
    let head = [0, UInt8(truncatingIfNeeded: elements.count), UInt8(truncatingIfNeeded: elements.count >> 8)]
    var place = 0
    while place + headBytes + elements.count <= header.byteCount {
      let isVersion = (3...4).contains(header.byte(at: place))
      if isVersion, head.indices.allSatisfy({ header.byte(at: place + 1 + $0) == head[$0] }),
        elements.indices.allSatisfy({ header.byte(at: place + headBytes + $0) == elements[$0] })
      {
        return place + headBytes
      }
      place += 1
    }
    return nil
  }
}

extension RawSpan {
  /// Any pattern of bits is a byte.
  fileprivate func byte(at place: Int) -> UInt8 { unsafe unsafeLoad(fromByteOffset: place, as: UInt8.self) }
}
