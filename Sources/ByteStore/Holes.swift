import Glibc

/// The parts of a sparse file that the file system does not store.
enum Holes {
  // Linux's SEEK_DATA and SEEK_HOLE, which Glibc shows only to GNU sources.
  private static let (seekData, seekHole) = (Int32(3), Int32(4))
  /// Files with more holes are read as if the rest were data.
  private static let maximumCount = 1 << 16

  /// The holes of an open file; none where the file system does not tell them.
  static func find(_ descriptor: Int32, _ status: stat) -> [Range<Int>] {
    let end = Int(status.st_size)
    // A file that is stored whole is not asked.
    guard Int(status.st_blocks) * 512 < end else { return [] }
    var holes: [Range<Int>] = []
    var position = 0
    while position < end, holes.count < maximumCount {
      let start = Int(lseek(descriptor, off_t(position), seekHole))
      guard start >= position, start < end else { break }
      // Behind the last data there is none: ENXIO.
      let data = Int(lseek(descriptor, off_t(start), seekData))
      guard data > start || (data < 0 && errno == ENXIO) else { break }
      position = data < 0 ? end : min(data, end)
      holes.append(start..<position)
    }
    return holes
  }

  /// As many as the largest chunk has.
  static let zeroByteCount = 8 << 20

  /// The address of that many zeros that are never written, and so take no memory; nil where the system gives none.
  static let zeros: UInt? = {
    let map = unsafe mmap(nil, zeroByteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return unsafe map == MAP_FAILED ? nil : UInt(bitPattern: map)
  }()
}
