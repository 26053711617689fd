import Containers
import Encodings
import TensorModel

/// What goes into a packed file, in which order: the entries, and the operations that rebuild the files from them.
struct PackLayout: Sendable {
  struct Entry: Sendable {
    var role: PackedIndex.Role
    var info: TensorInfo
    /// The source file and the range of it that the entry holds.
    var file: Int
    var range: Range<Int>
    /// Bytes of each of the numbers that a literal consists of; 1 of everything else.
    var elementBytes = 1
    /// The entry whose bytes an alias has; else the entry itself.
    var holder: Int
    /// Whether the entry gets an array of its own on the outside.
    var hasOwnArray: Bool
    /// Whether it is the tensor in which a header keeps its metadata, which are read before anything else.
    var holdsMetadata = false
  }

  var entries: [Entry]
  /// Per file.
  var operations: [[PackedIndex.Operation]]

  /// Small entries come first and share a group, then the large ones, then aliases; each in file order.
  init(_ source: PackSource) throws(ModelError) {
    var pending: [Entry] = []
    for (number, file) in source.files.enumerated() {
      guard let layout = file.layout else {
        pending.append(try Self.bytes(.file, file: number, 0..<file.byteCount))
        continue
      }
      var gaps = layout.gaps[...]
      for (place, tensor) in layout.tensors.enumerated() {
        while let gap = gaps.first, gap.range.upperBound <= tensor.range.lowerBound {
          pending.append(try Self.literal(gap, file: number))
          gaps.removeFirst()
        }
        pending.append(
          Entry(
            role: .tensor, info: tensor.info, file: number, range: tensor.range, holder: pending.count,
            hasOwnArray: false, holdsMetadata: place == file.metadataTensor))
      }
      for gap in gaps { pending.append(try Self.literal(gap, file: number)) }
    }
    try Duplicates(source).mark(&pending)
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

  private static func literal(_ gap: FileLayout.Gap, file: Int) throws(ModelError) -> Entry {
    var entry = try bytes(.literal, file: file, gap.range)
    entry.elementBytes = gap.elementBytes
    return entry
  }

  private static func bytes(_ role: PackedIndex.Role, file: Int, _ range: Range<Int>) throws(ModelError) -> Entry {
    let info = try TensorInfo(name: "", dtype: .u8, shape: [range.count])
    return Entry(role: role, info: info, file: file, range: range, holder: -1, hasOwnArray: false)
  }
}
