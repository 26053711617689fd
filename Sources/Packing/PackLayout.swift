import Containers
import Encodings
import Kernels
import TensorModel

/// What goes into a packed file, in which order: the entries, and the operations that rebuild the files from them.
struct PackLayout: Sendable {
  struct Entry: Sendable {
    var role: PackedIndex.Role
    var info: TensorInfo
    /// The source file and the range of it that the entry holds.
    var file: Int
    var range: Range<Int>
    /// The entry whose bytes an alias has; else the entry itself.
    var holder: Int
    /// Whether the entry gets an array of its own on the outside.
    var hasOwnArray: Bool
  }

  var entries: [Entry]
  /// Per file.
  var operations: [[PackedIndex.Operation]]

  /// Small entries come first and share a group, then the large ones, then aliases; each in file order.
  init(_ source: PackSource) throws(ModelError) {
    var pending: [Entry] = []
    for (number, file) in source.files.enumerated() {
      switch file.content {
      case .opaque:
        pending.append(try Self.bytes(.file, file: number, 0..<file.byteCount))
      case .safetensors(let model):
        pending.append(try Self.bytes(.literal, file: number, 0..<model.header.dataStart))
        for tensor in model.header.tensors {
          pending.append(
            Entry(
              role: .tensor, info: tensor.info, file: number, range: tensor.range, holder: pending.count,
              hasOwnArray: false))
        }
      }
    }
    try Duplicates.mark(&pending, source)
    for (number, index) in pending.indices.filter({
      pending[$0].role != .alias && pending[$0].info.byteCount >= PackedFormat.ownArrayBytes
    }).enumerated() {
      pending[index].hasOwnArray = number < PackedFormat.maximumOwnArrays
    }
    // A stable order by kind; `position` says where each entry went.
    let order =
      pending.indices.filter { pending[$0].role != .alias && !pending[$0].hasOwnArray }
      + pending.indices.filter { pending[$0].role != .alias && pending[$0].hasOwnArray }
      + pending.indices.filter { pending[$0].role == .alias }
    var position = [Int](repeating: 0, count: pending.count)
    for (place, index) in order.enumerated() { position[index] = place }
    entries = order.map {
      var entry = pending[$0]
      entry.holder = position[entry.holder]
      return entry
    }
    operations = Array(repeating: [], count: source.files.count)
    for (index, entry) in pending.enumerated() {
      switch entry.role {
      case .file, .literal:
        operations[entry.file].append(.bytes(entry: position[index], 0..<entry.info.byteCount))
      case .tensor, .alias:
        operations[entry.file].append(.tensor(entry: position[index]))
      }
    }
  }

  private static func bytes(_ role: PackedIndex.Role, file: Int, _ range: Range<Int>) throws(ModelError) -> Entry {
    let info = try TensorInfo(name: "", dtype: .u8, shape: [range.count])
    return Entry(role: role, info: info, file: file, range: range, holder: -1, hasOwnArray: false)
  }
}

/// Finds tensors that hold the same bytes as an earlier one of the same type and shape.
enum Duplicates {
  private struct Key: Hashable {
    var dtype: DType
    var shape: [Int]
    var sample: UInt64
  }

  /// Marks duplicates as aliases. A hash over a few samples names the candidates; the bytes decide.
  static func mark(_ entries: inout [PackLayout.Entry], _ source: PackSource) throws(ModelError) {
    for index in entries.indices { entries[index].holder = index }
    var bySize: [Int: Int] = [:]
    for entry in entries where entry.role == .tensor { bySize[entry.info.byteCount, default: 0] += 1 }
    var seen: [Key: [Int]] = [:]
    for index in entries.indices {
      let entry = entries[index]
      guard entry.role == .tensor, entry.info.byteCount > 0, bySize[entry.info.byteCount, default: 0] > 1 else {
        continue
      }
      let key = Key(dtype: entry.info.dtype, shape: entry.info.shape, sample: try sample(entry, source))
      for candidate in seen[key, default: []] where try areEqual(entries[candidate], entry, source) {
        entries[index].role = .alias
        entries[index].holder = candidate
        break
      }
      // Many tensors that only look alike would be compared pairwise; a few candidates are enough.
      if entries[index].role == .tensor, seen[key, default: []].count < 4 { seen[key, default: []].append(index) }
    }
  }

  /// A hash of up to four pieces of 1 KiB.
  private static func sample(_ entry: PackLayout.Entry, _ source: PackSource) throws(ModelError) -> UInt64 {
    let piece = 1024
    let step = max(piece, (entry.range.count - piece) / 3)
    var hash = XXH3()
    for start in stride(from: 0, to: entry.range.count, by: step).prefix(4) {
      let from = entry.range.lowerBound + start
      try source.files[entry.file].withBytes(from..<min(from + piece, entry.range.upperBound)) { hash.update($0) }
    }
    return hash.value
  }

  private static func areEqual(
    _ first: PackLayout.Entry, _ second: PackLayout.Entry, _ source: PackSource
  ) throws(ModelError) -> Bool {
    var done = 0
    while done < first.range.count {
      let count = min(1 << 20, first.range.count - done)
      let left = first.range.lowerBound + done
      let right = second.range.lowerBound + done
      let isEqual = try source.files[first.file].withBytes(left..<(left + count)) { (a) throws(ModelError) in
        try source.files[second.file].withBytes(right..<(right + count)) { b in ByteCompare.areEqual(a, b) }
      }
      source.files[first.file].release(left..<(left + count))
      source.files[second.file].release(right..<(right + count))
      guard isEqual else { return false }
      done += count
    }
    return true
  }
}
