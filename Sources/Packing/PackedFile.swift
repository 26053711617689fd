import ByteStore
import Containers
import Encodings
import Kernels
import Synchronization
public import TensorModel

/// An opened packed file: its outside, footer and index proved. Entries are read when they are asked for.
public final class PackedFile: Sendable {
  public let path: String
  let map: MappedFile
  let index: PackedIndex
  /// How many −0 of the files that were packed are +0 in those that it holds; 0 where they are the same.
  public let canonicalZeros: Int
  /// What is wrong with the outer header, where the file was opened all the same.
  let headerFailure: ModelError?
  /// What tensors are differences from, where that was given.
  let base: BaseTensors?
  private let bytesReadCount = Atomic<Int>(0)

  /// The bytes of the file that were looked at so far.
  public var bytesRead: Int { bytesReadCount.load(ordering: .relaxed) }

  public var isFolder: Bool { index.isFolder }
  /// The base, where one is needed and was given.
  public var baseModel: BaseModel? { base?.model }
  /// What the base was called from whose tensors some of these are differences; nil where none is needed.
  public var baseName: String? { index.baseName }
  public var packedByteCount: Int { map.byteCount }
  /// Bytes of the files that it holds.
  public var byteCount: Int { index.byteCount }
  /// The digest of the file that it holds, in hexadecimal; of a folder, the digest of its files' digests.
  public var digest: String {
    var value = index.files[0].digest
    if index.isFolder {
      var state = XXH3()
      for file in index.files { state.update(littleEndian: file.digest) }
      value = state.value
    }
    let digits = String(value, radix: 16)
    return "xxh3:" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Whether unpacking would give far more bytes than the file has: see `Limits.expansion`. What is the difference from a
  /// tensor of the base does not count, for the base has as many bytes.
  public func expands(beyond factor: Int) -> Bool {
    let own = byteCount - (base?.byteCount ?? 0)
    return own > 64 << 20 && own / max(factor, 1) > packedByteCount
  }

  /// - Throws: `malformed` where what the file claims to hold is more than so many times its own size.
  package func demandBelief(_ maximumExpansion: Int) throws(ModelError) {
    guard !expands(beyond: maximumExpansion) else {
      throw ModelError(
        .malformed,
        "\(packedByteCount) bytes would unpack to \(byteCount), more than \(maximumExpansion) times as many",
        hint: "--max-expansion allows more, if that is what you expect")
    }
  }

  /// - Throws: `unsupported` where this build can't make some of its files again.
  package func demandTransforms() throws(ModelError) {
    for file in index.files {
      for case .recoded(_, let recoding, _, _) in file.operations {
        guard let obstacle = recoding.transforms.lazy.compactMap(\.obstacle).first else { continue }
        throw file.path.isEmpty ? obstacle : obstacle.inside("file '\(file.path)'")
      }
    }
  }

  /// Whether a file that begins with `start` says that it is a packed file, of whatever version.
  public static func recognises(_ start: RawSpan) -> Bool { has(start, PackedFormat.headerMark) }

  /// Whether `text` stands at `position`, by default behind the first eight bytes.
  private static func has(_ bytes: RawSpan, _ text: String, at position: Int = 8) -> Bool {
    let text = Array(text.utf8)
    guard bytes.byteCount >= position + text.count else { return false }
    return unsafe ByteCompare.areEqual(bytes.extracting(position..<(position + text.count)), text.span.bytes)
  }

  /// Opens the file at `path`, which every error names as its outermost context.
  /// - Parameters:
  ///   - salvaging: whether a file is opened although its outer header, which nothing else needs, is damaged.
  ///   - base: what its tensors are differences from. Files that need none leave it alone, and those that do open without
  ///     it; what is a difference can't be read then.
  /// - Throws: `missing` where it can't be read, `malformed` where it is no sound packed file, `unsupported` where it asks
  ///   for what this build does not know; `wrongBase` where `base` lacks a tensor that is needed.
  public init(
    path: String, limits: Limits = Limits(), salvaging: Bool = false, base: BaseModel? = nil
  ) throws(ModelError) {
    let map = try within(path) { () throws(ModelError) in try MappedFile(path: path) }
    let (index, canonicalZeros, headerFailure) = try within(path) { () throws(ModelError) in
      try Self.readIndex(map, limits, salvaging)
    }
    self.base = try within(path) { () throws(ModelError) in
      guard let base, index.baseName != nil else { return nil }
      return try BaseTensors(base, of: index)
    }
    self.index = index
    self.canonicalZeros = canonicalZeros
    self.headerFailure = headerFailure
    // Everything but the entries.
    bytesReadCount.store(
      map.byteCount - index.entries.reduce(0) { $0 + ($1.role == .alias ? 0 : $1.place.storedBytes) },
      ordering: .relaxed)
    self.map = map
    self.path = path
  }

  private static func readIndex(
    _ map: borrowing MappedFile, _ limits: Limits, _ salvaging: Bool
  ) throws(ModelError) -> (PackedIndex, canonicalZeros: Int, headerFailure: ModelError?) {
    let count = map.byteCount
    var headerFailure: ModelError?
    // What a damaged header required is seen by what the index has.
    var claims: (needsBase: Bool?, canonicalZeros: Int) = (nil, 0)
    do throws(ModelError) {
      try map.withBytes(0..<min(count, 4096)) { (start) throws(ModelError) in try demandVersion(start) }
    } catch {
      guard salvaging, error.code == .malformed else { throw error }
      headerFailure = error
    }
    guard count >= PackedFormat.Footer.byteCount + 8 else { throw ModelError(.malformed, "is truncated") }
    let footer = try map.withBytes((count - PackedFormat.Footer.byteCount)..<count) { (bytes) throws(ModelError) in
      try PackedFormat.Footer.parse(bytes, fileByteCount: count)
    }
    do throws(ModelError) {
      claims = try map.withBytes(0..<footer.headerBytes) { (header) throws(ModelError) in
        try prove(header, footer, limits)
      }
    } catch {
      guard salvaging, error.code == .malformed else { throw error }
      headerFailure = headerFailure ?? error
    }
    return (try readIndex(map, footer, claims.needsBase, limits), claims.canonicalZeros, headerFailure)
  }

  private static func demandVersion(_ start: RawSpan) throws(ModelError) {
    guard recognises(start) else { throw ModelError(.malformed, "is no packed file") }
    let version = 8 + PackedFormat.headerMark.utf8.count
    guard has(start, PackedFormat.headerPrefix) else {
      throw ModelError(.unsupported, "packed file of another version, this build reads version 0", at: version)
    }
  }

  private static func readIndex(
    _ map: borrowing MappedFile, _ footer: PackedFormat.Footer, _ needsBase: Bool?, _ limits: Limits
  ) throws(ModelError) -> PackedIndex {
    let place = footer.indexOffset..<(footer.indexOffset + footer.indexStored)
    return try map.withBytes(place) { (stored) throws(ModelError) in
      guard XXH3.hash(stored) == footer.indexHash else {
        throw ModelError(.malformed, "the checksum of the index does not hold", at: footer.indexOffset)
      }
      let body = footer.headerBytes..<footer.indexOffset
      if footer.indexBytes == footer.indexStored {
        return try PackedIndex.parse(
          stored, origin: footer.indexOffset, body: body, needsBase: needsBase, limits: limits)
      }
      return try parseCompressed(stored, footer, body: body, needsBase, limits)
    }
  }

  /// Errors of a compressed index name its place in the file, and the byte of what it decodes to.
  private static func parseCompressed(
    _ stored: RawSpan, _ footer: PackedFormat.Footer, body: Range<Int>, _ needsBase: Bool?, _ limits: Limits
  ) throws(ModelError) -> PackedIndex {
    do throws(ModelError) {
      let decoded = try FrameCodec.decompressed(stored, byteCount: footer.indexBytes)
      return try unsafe PackedIndex.parse(
        decoded.span.bytes, origin: 0, body: body, needsBase: needsBase, limits: limits)
    } catch {
      var error = error.inDecoded("the decoded index")
      error.byteOffset = footer.indexOffset
      throw error
    }
  }

  /// Proves the checksum of the outer header, its length, and that it asks for nothing that this build lacks.
  /// - Returns: whether a base is needed, and how many zeros were made positive.
  private static func prove(
    _ header: RawSpan, _ footer: PackedFormat.Footer, _ limits: Limits
  ) throws(ModelError) -> (needsBase: Bool?, canonicalZeros: Int) {
    var cursor = ByteCursor(header)
    let length = try cursor.integer(UInt64.self, "the length of the header")
    guard length == UInt64(footer.headerBytes - 8), footer.headerBytes - 8 <= limits.headerBytes else {
      throw ModelError(.malformed, "a header of \(length) bytes, the footer says \(footer.headerBytes - 8)", at: 0)
    }
    guard XXH3.hash(header) == footer.headerHash else {
      throw ModelError(.malformed, "the checksum of the header does not hold", at: 0)
    }
    _ = try cursor.take(PackedFormat.headerPrefix.utf8.count, "the header")
    var requires: [UInt8] = []
    while true {
      let next = try cursor.byte("the list of required features")
      if next == UInt8(ascii: "\"") { break }
      requires.append(next)
    }
    let start = 8 + PackedFormat.headerPrefix.utf8.count
    let features = String(decoding: requires, as: UTF8.self)
    guard features.isEmpty || features == PackedFormat.deltaFeature else {
      throw ModelError(
        .unsupported, "needs the features '\(features)'; known: \(PackedFormat.deltaFeature)", at: start)
    }
    return (!features.isEmpty, try canonicalZeros(header, at: start + requires.count))
  }

  /// The count of zeros that were made positive, where the header says so at `start`, which is behind the features.
  private static func canonicalZeros(_ header: RawSpan, at start: Int) throws(ModelError) -> Int {
    guard has(header, PackedFormat.canonicalZeroMark, at: start) else { return 0 }
    var cursor = ByteCursor(header)
    let mark = start + PackedFormat.canonicalZeroMark.utf8.count
    _ = try cursor.take(mark, "the header")
    var digits: [UInt8] = []
    while digits.count < 20, case let next = try cursor.byte("the count of zeros"), next != UInt8(ascii: "\"") {
      digits.append(next)
    }
    let text = String(decoding: digits, as: UTF8.self)
    guard let count = Int(text), count > 0, String(count) == text else {
      throw ModelError(.malformed, "'tare.canonical_zero' is no count of zeros", at: mark)
    }
    return count
  }

  /// Demands that nobody has written to the file since it was opened.
  func demandUnchanged() throws(ModelError) {
    try within(path) { () throws(ModelError) in try map.demandUnchanged() }
  }

  /// Lends stored bytes, counted from the start of an entry.
  func withStored<Result>(
    _ place: PackedIndex.Place, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    bytesReadCount.wrappingAdd(range.count, ordering: .relaxed)
    return try map.withBytes((place.offset + range.lowerBound)..<(place.offset + range.upperBound), body)
  }

  /// Reads and proves the directory of an entry.
  func directory(of number: Int) throws(ModelError) -> EntryDirectory {
    let entry = index.entries[number]
    let place = entry.place
    let range = (place.storedBytes - place.directoryBytes)..<place.storedBytes
    return try withStored(place, range) { (bytes) throws(ModelError) in
      guard XXH3.hash(bytes) == place.directoryHash else {
        throw ModelError(.malformed, "the checksum of the directory does not hold", at: place.directory.lowerBound)
      }
      return try EntryDirectory.parse(bytes, of: entry, origin: place.directory.lowerBound)
    }
  }

  /// Reads and proves the shared streams of an entry.
  func sharedStreams(
    of number: Int, _ directory: EntryDirectory
  ) throws(ModelError) -> SharedStreams {
    let place = index.entries[number].place
    var streams: [[UInt8]] = []
    for stream in directory.shared {
      streams.append(
        try withStored(place, stream.body) { (bytes) throws(ModelError) in
          guard XXH3.hash(bytes) == stream.hash else {
            throw ModelError(
              .malformed, "the checksum of a shared stream does not hold", at: place.offset + stream.body.lowerBound)
          }
          guard stream.isCompressed else { return unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }
          do throws(ModelError) {
            return try FrameCodec.decompressed(bytes, byteCount: stream.byteCount)
          } catch {
            var error = error
            error.byteOffset = place.offset + stream.body.lowerBound
            throw error
          }
        })
    }
    return SharedStreams(streams)
  }
}
