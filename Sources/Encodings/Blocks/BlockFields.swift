import Kernels
import TensorModel

/// The fields of a block type that are streams of their own: all but those whose bits the symbols hold.
struct BlockFields {
  /// Bytes that stand together in a stream: some of each block.
  struct Plane {
    /// Places in a block.
    var offsets: [Int]
  }

  let planes: [Plane]
  /// Where the twelve bytes of six-bit scales lie, and how many numbers go to each of their streams.
  let sixBits: (offset: Int, counts: [Int])?

  /// Byte k of the words of a field is a plane; fields of one name are one field.
  init(_ type: BlockType) {
    let symbols = BlockSymbols(type)
    var planes: [Plane] = []
    var places: [String: Int] = [:]
    var sixBits: (offset: Int, counts: [Int])?
    for field in type.layout.fields where !symbols.holds(field) {
      if field.role == .partScales, let counts = BlockScales.sixBitCounts(type) {
        sixBits = (field.offset, counts)
        continue
      }
      let width = field.word.byteCount
      let first = places[field.name] ?? planes.count
      if places[field.name] == nil {
        places[field.name] = first
        for _ in 0..<width { planes.append(Plane(offsets: [])) }
      }
      for word in 0..<field.count {
        for byte in 0..<width { planes[first + byte].offsets.append(field.offset + word * width + byte) }
      }
    }
    self.planes = planes
    self.sixBits = sixBits
  }

  var streamCount: Int { planes.count + (sixBits?.counts.count ?? 0) }
}

extension BlockFields.Plane {
  /// Copies the plane's bytes of `count` blocks of `size` bytes to `target`, block by block.
  @unsafe func gather(_ blocks: UnsafeRawPointer, _ count: Int, _ size: Int, into target: UnsafeMutablePointer<UInt8>) {
    for (place, offset) in offsets.enumerated() {
      let (from, to, stride) = unsafe (blocks + offset, target + place, offsets.count)
      var block = 0
      while block < count {
        unsafe to[block &* stride] = from.load(fromByteOffset: block &* size, as: UInt8.self)
        block &+= 1
      }
    }
  }

  /// The other way.
  @unsafe func scatter(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ size: Int, into blocks: UnsafeMutablePointer<UInt8>
  ) {
    for (place, offset) in offsets.enumerated() {
      let (from, to, stride) = unsafe (bytes + place, blocks + offset, offsets.count)
      var block = 0
      while block < count {
        unsafe to[block &* size] = from[block &* stride]
        block &+= 1
      }
    }
  }
}
