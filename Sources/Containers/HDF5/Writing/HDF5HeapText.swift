import TensorModel

/// The global heap of a file that is written (HDF5 file format, III.E): the strings of its attributes, in collections that
/// lie behind each other.
struct HDF5HeapText {
  private let start: Int
  private(set) var bytes: [UInt8] = []
  /// Of the collection that is open: where it begins in `bytes`, and how many objects it has.
  private var collection = 0
  private var count = 0

  /// A collection is read as a whole.
  private static let openBytes = 65_536
  private static let leastBytes = 4_096
  private static let headBytes = 16

  /// - Parameter start: where the first collection lies in the file.
  init(start: Int) { self.start = start }

  /// Where a string lies: its length, the collection, and its number there.
  mutating func add(_ text: some Collection<UInt8>) -> [UInt8] {
    var reference = ByteWriter()
    reference.integer(UInt32(text.count))
    guard !text.isEmpty else { return reference.bytes + [UInt8](repeating: 0, count: 12) }
    if count > 0, bytes.count - collection + text.count > Self.openBytes { close() }
    if count == 0 { open() }
    count += 1
    reference.integer(UInt64(start + collection))
    reference.integer(UInt32(count))
    object(UInt16(count), references: 1, byteCount: text.count)
    bytes += text
    bytes += [UInt8](repeating: 0, count: text.count.padding(to: 8))
    return reference.bytes
  }

  private mutating func open() {
    collection = bytes.count
    bytes += "GCOL".utf8
    bytes += [1, 0, 0, 0]
    bytes += [UInt8](repeating: 0, count: 8)
  }

  private mutating func object(_ number: UInt16, references: UInt16, byteCount: Int) {
    var writer = ByteWriter()
    writer.integer(number)
    writer.integer(references)
    writer.integer(UInt32(0))
    writer.integer(UInt64(byteCount))
    bytes += writer.bytes
  }

  /// Closes the last collection. What is left of it is an object too, of number 0.
  mutating func close() {
    guard count > 0 else { return }
    let taken = bytes.count - collection
    let free = max(Self.leastBytes - taken, 0)
    let size = taken + (free > 0 ? max(free, Self.headBytes) : 0)
    if size > taken {
      object(0, references: 0, byteCount: size - taken)
      bytes += [UInt8](repeating: 0, count: size - taken - Self.headBytes)
    }
    bytes.store(UInt64(size), at: collection + 8)
    count = 0
  }
}

extension [UInt8] {
  /// Puts a number over what is there, little-endian.
  mutating func store(_ value: UInt64, at place: Int) {
    for index in 0..<8 { self[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }
}
