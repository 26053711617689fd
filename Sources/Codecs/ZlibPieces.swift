import CZlib

/// What zlib has read and written of two buffers. It counts in 32 bits, so larger ones are lent piece by piece.
@safe struct ZlibPieces {
  static let pieceBytes = 1 << 30
  static let streamBytes = unsafe Int32(MemoryLayout<z_stream>.size)

  let source: UnsafeRawBufferPointer
  let target: UnsafeMutableRawBufferPointer
  private(set) var consumed = 0
  private(set) var produced = 0

  @unsafe init(source: UnsafeRawBufferPointer, target: UnsafeMutableRawBufferPointer) {
    unsafe self.source = unsafe source
    unsafe self.target = unsafe target
  }

  static func makeStream() -> UnsafeMutablePointer<z_stream> {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    return unsafe stream
  }

  /// Whether nothing of the source is left.
  var isRead: Bool { unsafe consumed == source.count }

  /// Lends the next piece of both; whether it is the last of them.
  @unsafe func lend(to stream: UnsafeMutablePointer<z_stream>) -> (source: Bool, target: Bool) {
    // zlib takes no null; of an empty buffer it reads nothing and writes nothing, so any address will do.
    let nothing = UnsafeMutableRawPointer(stream)
    let (from, to) = unsafe (source.baseAddress ?? UnsafeRawPointer(nothing), target.baseAddress ?? nothing)
    let (input, output) = pieceSizes
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: (from + consumed).assumingMemoryBound(to: Bytef.self))
    unsafe stream.pointee.avail_in = UInt32(input)
    unsafe stream.pointee.next_out = (to + produced).assumingMemoryBound(to: Bytef.self)
    unsafe stream.pointee.avail_out = UInt32(output)
    return unsafe (consumed + input == source.count, produced + output == target.count)
  }

  @unsafe mutating func takeBack(from stream: UnsafeMutablePointer<z_stream>) {
    let (input, output) = pieceSizes
    unsafe consumed += input - Int(stream.pointee.avail_in)
    unsafe produced += output - Int(stream.pointee.avail_out)
  }

  private var pieceSizes: (input: Int, output: Int) {
    unsafe (min(source.count - consumed, Self.pieceBytes), min(target.count - produced, Self.pieceBytes))
  }
}
