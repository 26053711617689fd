import TensorModel

/// A B-tree of version 1 (HDF5 file format, III.A.1), whose nodes lie behind each other: the lowest level first, the root
/// last.
struct HDF5TreeText {
  /// Of the nodes of a group 0, of chunks 1.
  let type: UInt8
  let keyBytes: Int
  /// The most children of a node.
  let width: Int

  /// What the superblock says of groups.
  static let groups = HDF5TreeText(type: 0, keyBytes: 8, width: 32)

  /// What readers take for given where the superblock is of version 0.
  static func chunks(rank: Int) -> HDF5TreeText { HDF5TreeText(type: 1, keyBytes: 8 + 8 * (rank + 1), width: 64) }

  /// Every node has room for all the children that it may have.
  private var nodeBytes: Int { 24 + width * 8 + (width + 1) * keyBytes }

  /// How many nodes each level has, the lowest first.
  private func levels(_ children: Int) -> [Int] {
    var levels = [max(1, (children + width - 1) / width)]
    while levels.last! > 1 { levels.append((levels.last! + width - 1) / width) }
    return levels
  }

  func byteCount(_ children: Int) -> Int { levels(children).reduce(0, +) * nodeBytes }

  /// - Parameters:
  ///   - children: their addresses.
  ///   - keys: one in front of each child, and one behind the last.
  ///   - start: where the first node lies in the file.
  func bytes(_ children: [UInt64], keys: [UInt8], at start: Int) -> (bytes: [UInt8], root: Int) {
    precondition(keys.count == (children.count + 1) * keyBytes)
    var writer = ByteWriter()
    var (children, keys, start) = (children, keys, start)
    for (level, count) in levels(children.count).enumerated() {
      var upper: (children: [UInt64], keys: [UInt8]) = ([], Array(keys[..<keyBytes]))
      for node in 0..<count {
        let own = (node * width)..<min((node + 1) * width, children.count)
        writer.append("TREE".utf8)
        writer.byte(type)
        writer.byte(UInt8(level))
        writer.integer(UInt16(own.count))
        writer.integer(node == 0 ? UInt64.max : UInt64(start + (node - 1) * nodeBytes))
        writer.integer(node == count - 1 ? UInt64.max : UInt64(start + (node + 1) * nodeBytes))
        for child in own {
          writer.append(keys[(child * keyBytes)..<((child + 1) * keyBytes)])
          writer.integer(children[child])
        }
        let last = keys[(own.upperBound * keyBytes)..<((own.upperBound + 1) * keyBytes)]
        writer.append(last)
        writer.append([UInt8](repeating: 0, count: (width - own.count) * (8 + keyBytes)))
        upper.children.append(UInt64(start + node * nodeBytes))
        upper.keys += last
      }
      start += count * nodeBytes
      (children, keys) = upper
    }
    return (writer.bytes, start - nodeBytes)
  }
}
