import HDF5Protocol
import TensorModel

/// The bytes of an HDF5 file that are not its elements: superblock, heap, groups and the headers of all objects, in the
/// form that every release of the library reads (HDF5 file format, version 0 of the superblock).
///
/// Where the elements lie is put in later.
struct HDF5HeaderText {
  /// A dataset as it is described.
  struct Dataset {
    var type: HDF5Datatype
    var shape: [Int]
    /// nil where its elements lie in one piece.
    var chunks: HDF5OutputChunks?
  }

  private(set) var bytes: [UInt8] = []
  /// Per dataset, where its header has the address of the elements, or of the tree that lists them.
  private(set) var addressPlaces: [Int]
  /// Per dataset in chunks, where the room for its tree begins.
  private(set) var treePlaces: [Int?]

  private let tree: HDF5OutputTree
  let datasets: [Dataset]
  /// Where the strings of attributes lie, in the order in which objects are written.
  private var references: ArraySlice<[UInt8]> = []

  private static let superblockBytes = 96
  /// Half of the symbols that a leaf of a group's tree has at most, and of the children of other nodes.
  private static let leafWidth = 4
  private static let undefined = UInt64.max

  /// - Parameter datasets: by the numbers that the tree has for them.
  init(_ tree: HDF5OutputTree, _ datasets: [Dataset]) {
    self.tree = tree
    self.datasets = datasets
    addressPlaces = [Int](repeating: 0, count: datasets.count)
    treePlaces = [Int?](repeating: nil, count: datasets.count)
    bytes = [UInt8](repeating: 0, count: Self.superblockBytes)
    placeStrings()
    let root = group(0)
    bytes.replaceSubrange(..<Self.superblockBytes, with: superblock(root))
  }

  /// Puts zeros behind it, up to a multiple of `alignment` bytes.
  mutating func pad(to alignment: Int) {
    bytes += [UInt8](repeating: 0, count: bytes.count.padding(to: alignment))
  }

  /// Says how long the file is.
  mutating func setByteCount(_ count: Int) { bytes.store(UInt64(count), at: 40) }

  /// Says where the elements of a dataset lie.
  mutating func setAddress(_ address: Int, ofDataset number: Int) {
    bytes.store(UInt64(address), at: addressPlaces[number])
  }

  /// Says where the chunks of a dataset lie.
  mutating func setChunks(_ chunks: [HDF5WrittenChunk], ofDataset number: Int) {
    guard let plan = datasets[number].chunks, let place = treePlaces[number], !chunks.isEmpty else { return }
    let (tree, root) = plan.tree(chunks, at: place)
    bytes.replaceSubrange(place..<(place + tree.count), with: tree)
    setAddress(root, ofDataset: number)
  }

  private func superblock(_ root: Group) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A])
    // Versions of the superblock, the free space, the root's entry, and shared messages; bytes of addresses and lengths.
    writer.append([0, 0, 0, 0, 0, 8, 8, 0])
    writer.integer(UInt16(Self.leafWidth))
    writer.integer(UInt16(HDF5TreeText.groups.width / 2))
    writer.integer(UInt32(0))
    // Where addresses count from, the free space, the end of the file, and the driver.
    for number in [0, Self.undefined, 0, Self.undefined] { writer.integer(number) }
    writer.append(symbol(name: 0, .group(root)))
    return writer.bytes
  }

  /// The strings of all attributes, right behind the superblock.
  private mutating func placeStrings() {
    var heap = HDF5HeapText(start: bytes.count)
    var references: [[UInt8]] = []
    func visit(_ number: Int) {
      // In the order in which `header` asks for them.
      for child in tree.nodes[number].children { visit(child.node) }
      for attribute in tree.nodes[number].attributes {
        guard let strings = HDF5OutputAttribute(attribute.value)?.heapStrings else { continue }
        for index in 0..<strings.count { references.append(heap.add(strings[index])) }
      }
    }
    visit(0)
    heap.close()
    bytes += heap.bytes
    self.references = references[...]
  }

  // MARK: Groups

  /// Where the parts of a group lie.
  private struct Group {
    var header: Int
    var tree: Int
    var heap: Int
  }

  private enum Object {
    case group(Group)
    case dataset(header: Int)
  }

  /// Writes what lies in a group, and then the group.
  private mutating func group(_ number: Int) -> Group {
    let node = tree.nodes[number]
    var objects: [Object] = []
    for child in node.children {
      let tensor = tree.nodes[child.node].tensor
      objects.append(tensor.map { .dataset(header: dataset($0, child.node)) } ?? .group(group(child.node)))
    }
    let (heap, names) = localHeap(node.children.map(\.name))
    let tree = symbolTree(objects, names)
    var message = ByteWriter()
    message.integer(UInt64(tree))
    message.integer(UInt64(heap))
    let header = header([HDF5Message(0x11, message.bytes)] + attributes(of: node))
    return Group(header: header, tree: tree, heap: heap)
  }

  /// Writes the names in a group; says where the heap lies, and where each name does in it.
  private mutating func localHeap(_ names: [[UInt8]]) -> (heap: Int, places: [Int]) {
    // An empty name is in front of all others.
    var text = [UInt8](repeating: 0, count: 8)
    var places: [Int] = []
    for name in names {
      places.append(text.count)
      text += name.terminated
    }
    let heap = bytes.count
    var writer = ByteWriter()
    writer.append("HEAP".utf8)
    writer.integer(UInt32(0))
    writer.integer(UInt64(text.count))
    // No room is free.
    writer.integer(UInt64(1))
    writer.integer(UInt64(heap + 32))
    bytes += writer.bytes + text
    return (heap, places)
  }

  /// Writes the entries of a group and the tree above them.
  private mutating func symbolTree(_ objects: [Object], _ names: [Int]) -> Int {
    var leaves: [UInt64] = []
    // A key is the last name below the child in front of it.
    var keys = ByteWriter()
    keys.integer(UInt64(0))
    let width = 2 * Self.leafWidth
    for start in stride(from: 0, to: objects.count, by: width) {
      let own = start..<min(start + width, objects.count)
      leaves.append(UInt64(bytes.count))
      keys.integer(UInt64(names[own.upperBound - 1]))
      var writer = ByteWriter()
      writer.append("SNOD".utf8)
      writer.append([1, 0])
      writer.integer(UInt16(own.count))
      for index in own { writer.append(symbol(name: names[index], objects[index])) }
      writer.append([UInt8](repeating: 0, count: (width - own.count) * 40))
      bytes += writer.bytes
    }
    let (nodes, root) = HDF5TreeText.groups.bytes(leaves, keys: keys.bytes, at: bytes.count)
    bytes += nodes
    return root
  }

  /// An entry of a group.
  private func symbol(name: Int, _ object: Object) -> [UInt8] {
    var writer = ByteWriter()
    writer.integer(UInt64(name))
    switch object {
    case .group(let group):
      writer.integer(UInt64(group.header))
      // What is in the header of a group stands here too.
      writer.integer(UInt64(1))
      writer.integer(UInt64(group.tree))
      writer.integer(UInt64(group.heap))
    case .dataset(let header):
      writer.integer(UInt64(header))
      writer.append([UInt8](repeating: 0, count: 24))
    }
    return writer.bytes
  }

  // MARK: Datasets

  private mutating func dataset(_ number: Int, _ node: Int) -> Int {
    let dataset = datasets[number]
    var messages = [
      HDF5Message(0x01, HDF5Message.space(dataset.shape)), HDF5Message(0x03, isConstant: true, dataset.type.message),
      HDF5Message(0x05, isConstant: true, HDF5Message.fill(isChunked: dataset.chunks != nil)),
    ]
    let layout: HDF5Message
    if let chunks = dataset.chunks {
      messages.append(HDF5Message(0x0B, isConstant: true, chunks.pipelineMessage))
      treePlaces[number] = bytes.count
      bytes += [UInt8](repeating: 0, count: chunks.treeByteCount)
      layout = HDF5Message(0x08, chunks.layoutMessage)
    } else {
      let byteCount = dataset.shape.reduce(dataset.type.byteCount, *)
      layout = HDF5Message(0x08, HDF5Message.contiguousLayout(byteCount))
    }
    messages.append(layout)
    let inFront = messages.reduce(0) { $0 + $1.byteCount }
    let header = header(messages + attributes(of: tree.nodes[node]))
    // Behind the prefix and the messages before it: its own head, and the bytes in front of the address.
    addressPlaces[number] =
      header + HDF5Message.prefixBytes + inFront - layout.byteCount + HDF5Message.headBytes
      + (dataset.chunks == nil ? 2 : 3)
    return header
  }

  // MARK: Headers

  private mutating func attributes(of node: HDF5OutputTree.Node) -> [HDF5Message] {
    node.attributes.map { name, value in
      // Only such values are placed in a tree.
      let attribute = HDF5OutputAttribute(value)!
      let elements: [UInt8]
      switch attribute.value {
      case .bytes(let bytes): elements = bytes
      case .strings(let strings):
        elements = references.prefix(strings.count).flatMap { $0 }
        references = references.dropFirst(strings.count)
      }
      return HDF5Message(0x0C, HDF5Message.attribute(name, attribute, elements))
    }
  }

  /// Writes an object's header, in one piece.
  private mutating func header(_ messages: [HDF5Message]) -> Int {
    let start = bytes.count
    var writer = ByteWriter()
    writer.append([1, 0])
    writer.integer(UInt16(messages.count))
    // How many links lead to it.
    writer.integer(UInt32(1))
    writer.integer(UInt32(messages.reduce(0) { $0 + $1.byteCount }))
    writer.integer(UInt32(0))
    for message in messages { message.write(to: &writer) }
    bytes += writer.bytes
    return start
  }
}
