import Glibc
public import TensorModel

/// A read-only map of a whole file. The map outlives a rename or removal of the file.
///
/// Pages are brought in as they are read and may be given back with `release`, so that a file larger than memory is read
/// in a small window. A file that shrinks while it is mapped raises SIGBUS: see `FaultGuard`.
public struct MappedFile: ~Copyable, Sendable {
  public let path: String
  public let byteCount: Int
  /// Permission bits of the file.
  public let mode: UInt32
  private let version: FileVersion
  private let base: UInt
  /// Open for as long as the map; nil where the process has many open already.
  private let descriptor: Int32?
  private static let mostDescriptors: Int32 = 512
  /// What read as zeros without taking room on the disk when the file was opened, in order.
  private let holes: [Range<Int>]

  /// Opens and maps the regular file at `path`.
  /// - Throws: `missing` where it does not exist, is no regular file or may not be read.
  public init(path: String) throws(ModelError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ModelError(.missing, "cannot be opened: \(systemMessage(errno))") }
    var isKept = false
    defer { if !isKept { close(descriptor) } }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw ModelError(.missing, "cannot be read: \(systemMessage(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError(.missing, status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "is not a regular file")
    }
    let count = Int(status.st_size)
    var address: UInt = 0
    if count > 0 {
      let map = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
      guard let map = unsafe map, unsafe map != MAP_FAILED else {
        throw ModelError(.missing, "cannot be mapped: \(systemMessage(errno))")
      }
      address = UInt(bitPattern: map)
      FaultGuard.register(address: address, byteCount: count, path: path)
    }
    self.path = path
    self.byteCount = count
    self.mode = status.st_mode & 0o7777
    self.version = FileVersion(status)
    self.base = address
    self.holes = Holes.find(descriptor, status)
    // A checkpoint of very many files must leave room for others: it is read from its maps.
    isKept = descriptor < Self.mostDescriptors && count > 0
    self.descriptor = isKept ? descriptor : nil
  }

  deinit {
    if let descriptor { close(descriptor) }
    guard byteCount > 0 else { return }
    FaultGuard.unregister(address: base)
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: base), byteCount)
  }

  /// Demands that nobody has written to the file since it was opened. What became of its name does not matter.
  /// - Throws: `inputOutput`, for what was read may be a mixture.
  public func demandUnchanged() throws(ModelError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return }
    let now = FileVersion(status)
    guard now == version || !now.isSameFile(as: version) else {
      throw ModelError(.inputOutput, "changed while it was read")
    }
  }

  /// Lends the bytes in `range`, which must lie inside the file.
  public func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    guard !range.isEmpty, let start = unsafe UnsafeRawPointer(bitPattern: base + UInt(range.lowerBound)) else {
      return try body(RawSpan())
    }
    return try body(unsafe RawSpan(_unsafeStart: start, byteCount: range.count))
  }

  /// Whether all of `range` is known to be zeros that take no room on the disk. O(log holes).
  public func isHole(_ range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return false }
    var low = 0
    var high = holes.count
    while low < high {
      let middle = (low + high) / 2
      if holes[middle].upperBound < range.upperBound { low = middle + 1 } else { high = middle }
    }
    return low < holes.count && holes[low].lowerBound <= range.lowerBound
  }

  /// Lends `range`, read into `buffer`, to a reader that is about to walk all of it, more than once.
  ///
  /// Costs a copy into memory that the processor has at hand, and spares the map's pages their coming and going, which
  /// cost more. While a range is lent through a buffer, another through the same one is lent from the map.
  /// - Throws: `inputOutput` where the file has become shorter or its disk fails.
  public func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, through buffer: ReadBuffer, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    guard let descriptor, range.count >= Self.leastPopulated, range.count <= ReadBuffer.maximumByteCount,
      !isHole(range)
    else { return try withPopulatedBytes(range, body) }
    let lent = try unsafe buffer.lend(range.count) { memory throws(ModelError) in
      try within(path) { () throws(ModelError) in try unsafe Self.read(descriptor, range, into: memory) }
      return try body(unsafe RawSpan(_unsafeStart: memory, byteCount: range.count))
    }
    guard let lent else { return try withPopulatedBytes(range, body) }
    return lent
  }

  private static func read(
    _ descriptor: Int32, _ range: Range<Int>, into memory: UnsafeMutableRawPointer
  ) throws(ModelError) {
    var done = 0
    while done < range.count {
      let count = unsafe pread(descriptor, memory + done, range.count - done, off_t(range.lowerBound + done))
      if count < 0 && errno == EINTR { continue }
      guard count != 0 else {
        throw ModelError(.inputOutput, "could not be read to its end: the file shrank or its disk failed")
      }
      guard count > 0 else { throw ModelError(.inputOutput, "cannot be read: \(systemMessage(errno))") }
      done += count
    }
  }

  /// The kernel brings in small ranges with their first page.
  private static let leastPopulated = 64 << 10

  /// Lends `range` with its page tables filled in one call, for a reader that is about to walk all of it.
  ///
  /// A hole is lent from zeros kept in memory: its own pages would be brought in one by one.
  private func withPopulatedBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    if range.count <= Holes.zeroByteCount, isHole(range), let address = Holes.zeros,
      let zeros = unsafe UnsafeRawPointer(bitPattern: address)
    {
      return try body(unsafe RawSpan(_unsafeStart: zeros, byteCount: range.count))
    }
    if range.count >= Self.leastPopulated, let pages = pages(covering: range, inward: false) {
      // Best effort: kernels before 5.14 do not know the advice, and then the pages come one by one.
      unsafe madvise(UnsafeMutableRawPointer(bitPattern: base + UInt(pages.lowerBound)), pages.count, 22)
    }
    return try withBytes(range, body)
  }

  /// Gives back the memory of the whole pages inside `range`; they are read anew if they are needed again.
  public func release(_ range: Range<Int>) {
    guard let pages = pages(covering: range, inward: true) else { return }
    unsafe madvise(UnsafeMutableRawPointer(bitPattern: base + UInt(pages.lowerBound)), pages.count, MADV_DONTNEED)
  }

  private func pages(covering range: Range<Int>, inward: Bool) -> Range<Int>? {
    let page = 4096
    guard !range.isEmpty else { return nil }
    // A range that reaches the end of the file also covers the rest of its last page.
    let end = range.upperBound == byteCount ? byteCount + (page - 1) : range.upperBound + (inward ? 0 : page - 1)
    let first = (range.lowerBound + (inward ? page - 1 : 0)) / page * page
    let last = end / page * page
    return first < last ? first..<last : nil
  }
}

/// What tells one state of a file from another.
private struct FileVersion: Equatable, Sendable {
  private let device: UInt64
  private let number: UInt64
  private let byteCount: Int
  private let seconds: Int
  private let nanoseconds: Int

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    seconds = Int(status.st_mtim.tv_sec)
    nanoseconds = Int(status.st_mtim.tv_nsec)
  }

  func isSameFile(as other: FileVersion) -> Bool { device == other.device && number == other.number }
}

/// What the system says of an error number, in its own words.
package func systemMessage(_ code: Int32) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
