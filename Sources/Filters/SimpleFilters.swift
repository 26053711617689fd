import Codecs
import Kernels
import TensorModel

/// Bytes of elements by plane.
enum ShuffleFilter {
  @unsafe static func undo(
    _ bytes: UnsafeRawBufferPointer, elementBytes: Int, into room: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let result = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<bytes.count])
    if let (source, target) = unsafe bytePointers(bytes, result) {
      unsafe ByteShuffle.unshuffle(source, byteCount: bytes.count, elementBytes: elementBytes, into: target)
    }
    return UnsafeRawBufferPointer(result)
  }

  @unsafe static func apply(
    _ bytes: UnsafeRawBufferPointer, elementBytes: Int, into room: UnsafeMutableRawBufferPointer
  ) -> Int {
    if let (source, target) = unsafe bytePointers(bytes, room) {
      unsafe ByteShuffle.shuffle(source, byteCount: bytes.count, elementBytes: elementBytes, into: target)
    }
    return bytes.count
  }
}

/// A checksum behind the bytes.
enum Fletcher32Filter {
  static let checksumBytes = 4

  /// - Throws: `malformed` where the checksum is another than the bytes'.
  @unsafe static func undo(
    _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    guard bytes.count >= checksumBytes else {
      throw ModelError(.malformed, "expected a checksum of \(checksumBytes) bytes, found \(bytes.count)")
    }
    let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - checksumBytes)])
    try size.demand(content.count)
    let stored = unsafe bytes.loadUnaligned(fromByteOffset: content.count, as: UInt32.self)
    let computed = unsafe checksum(content)
    // Releases of the library up to 1.6.2 stored the bytes of each half swapped.
    guard stored == computed || stored == swappedInHalves(computed) else {
      throw ModelError(
        .malformed, "checksum \(hexadecimal(stored)), expected \(hexadecimal(computed))", at: content.count)
    }
    return unsafe content
  }

  @unsafe static func apply(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
    unsafe room.copyMemory(from: bytes)
    unsafe room.storeBytes(of: checksum(bytes).littleEndian, toByteOffset: bytes.count, as: UInt32.self)
    return bytes.count + checksumBytes
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let start = bytes.baseAddress else { return 0 }
    return unsafe Fletcher32.checksum(start.assumingMemoryBound(to: UInt8.self), byteCount: bytes.count)
  }

  private static func swappedInHalves(_ word: UInt32) -> UInt32 {
    (word & 0x00FF_00FF) << 8 | (word >> 8) & 0x00FF_00FF
  }

  private static func hexadecimal(_ word: UInt32) -> String {
    let digits = String(word, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// One zstd frame that announces its content's size.
enum ZstdFilter {
  @unsafe static func undo(
    _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize, into room: UnsafeMutableRawBufferPointer,
    _ workspace: inout FilterWorkspace
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    guard let announced = unsafe ZstdDecompressor.announcedByteCount(bytes) else {
      throw ModelError(.malformed, "expected a zstd frame that announces its size")
    }
    try size.demand(Int(clamping: announced))
    let result = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<Int(clamping: announced)])
    // No window is reserved: the frame is decoded in one piece.
    try unsafe workspace.zstdDecompressor().decompress(bytes, into: result, windowLimit: .max)
    return UnsafeRawBufferPointer(result)
  }
}

/// Nothing but LZF's bytes.
enum LZFFilter {
  @unsafe static func undo(
    _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize, into room: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    let count = try unsafe LZF.decompress(bytes, into: room)
    try size.demand(count)
    return unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
  }
}

@unsafe private func bytePointers(
  _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer
) -> (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>)? {
  guard let source = source.baseAddress, let target = target.baseAddress else { return nil }
  return unsafe (source.assumingMemoryBound(to: UInt8.self), target.assumingMemoryBound(to: UInt8.self))
}
