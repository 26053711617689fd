/// Symbols of all blocks of a chunk to and from streams, one for each class of parts.
extension BlockSymbols {
  /// Appends each part's symbols to the stream of its class.
  /// - Parameters:
  ///   - ranks: the class of each part.
  ///   - ends: by class, where its stream ends; moved on.
  package func split(
    _ blocks: UnsafeRawPointer, _ count: Int, ranks: UnsafePointer<UInt8>,
    into ends: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>>
  ) {
    let size = type.layout.byteCount
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count > 0 ? self.count : 0) { buffer in
      guard let start = buffer.baseAddress else { return }
      var block = 0
      while block < count {
        unsafe split(blocks + block &* size, into: start)
        var part = 0
        while part < parts {
          let rank = unsafe Int(ranks[block &* parts &+ part])
          unsafe Self.copy(start + part &* symbols, symbols, to: ends[rank])
          unsafe ends[rank] += symbols
          part &+= 1
        }
        block &+= 1
      }
    }
  }

  /// Takes each part's symbols from the stream of its class, of which `starts` are moved on.
  package func join(
    _ starts: UnsafeMutablePointer<UnsafePointer<UInt8>>, ranks: UnsafePointer<UInt8>, _ count: Int,
    into blocks: UnsafeMutableRawPointer
  ) {
    let size = type.layout.byteCount
    if parts == 1, let plain, symbols == 16 || symbols == 32 {
      let target = unsafe blocks + plain
      if symbols == 16 { return unsafe Self.joinPlain(16, starts, ranks, count, size, target) }
      return unsafe Self.joinPlain(32, starts, ranks, count, size, target)
    }
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: self.count) { buffer in
      guard let start = buffer.baseAddress else { return }
      var block = 0
      while block < count {
        var part = 0
        while part < parts {
          let rank = unsafe Int(ranks[block &* parts &+ part])
          unsafe Self.copy(starts[rank], symbols, to: start + part &* symbols)
          unsafe starts[rank] += symbols
          part &+= 1
        }
        unsafe join(start, into: blocks + block &* size)
        block &+= 1
      }
    }
  }

  /// Of blocks of one part whose symbols are bytes of theirs, so many that the number should be a constant.
  @inline(__always)
  private static func joinPlain(
    _ symbols: Int, _ starts: UnsafeMutablePointer<UnsafePointer<UInt8>>, _ ranks: UnsafePointer<UInt8>, _ count: Int,
    _ size: Int, _ target: UnsafeMutableRawPointer
  ) {
    var block = 0
    while block < count {
      let rank = unsafe Int(ranks[block])
      unsafe copy(starts[rank], symbols, to: target + block &* size)
      unsafe starts[rank] += symbols
      block &+= 1
    }
  }

  /// Copies a multiple of four bytes, without a call.
  @inline(__always)
  private static func copy(_ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) {
    var index = 0
    while index &+ 8 <= count {
      let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      index &+= 8
    }
    if index < count {
      let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt32.self)
      unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt32.self)
    }
  }
}
