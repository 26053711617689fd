package import TensorModel

extension HDF5Object {
  package func write(to writer: inout ByteWriter) {
    writer.text(path)
    writer.integer(address)
    switch kind {
    case .group: writer.byte(0)
    case .dataset(let dataset):
      writer.byte(1)
      dataset.write(to: &writer)
    case .namedType: writer.byte(2)
    }
    writer.varint(attributes.count)
    for attribute in attributes { attribute.write(to: &writer) }
  }

  /// - Throws: `malformed` where the bytes are no object.
  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    path = try cursor.text("a path")
    address = try cursor.integer(UInt64.self, "an address")
    let start = cursor.offset
    switch try cursor.byte("an object") {
    case 0: kind = .group
    case 1: kind = .dataset(try HDF5Dataset(&cursor))
    case 2: kind = .namedType
    default: throw ModelError(.malformed, "a kind of object", at: start)
    }
    attributes = []
    for _ in 0..<(try cursor.count("attributes", unit: 4)) { attributes.append(try HDF5Attribute(&cursor)) }
    try cursor.end(of: "an object")
  }
}

extension HDF5Space {
  fileprivate func write(to writer: inout ByteWriter) {
    switch self {
    case .null: writer.byte(0)
    case .simple(let shape):
      writer.byte(1)
      writer.list(shape)
    }
  }

  fileprivate init(_ cursor: inout ByteCursor) throws(ModelError) {
    let start = cursor.offset
    switch try cursor.byte("a dataspace") {
    case 0: self = .null
    case 1: self = .simple(try cursor.list("a shape"))
    default: throw ModelError(.malformed, "a kind of dataspace", at: start)
    }
  }
}

extension HDF5Attribute {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(name)
    type.write(to: &writer)
    space.write(to: &writer)
    switch value {
    case .bytes(let bytes):
      writer.byte(0)
      writer.text(bytes)
    case .strings(let strings):
      writer.byte(1)
      writer.varint(strings.count)
      for string in strings { writer.text(string) }
    case .unread(let reason):
      writer.byte(2)
      writer.string(reason)
    }
  }

  fileprivate init(_ cursor: inout ByteCursor) throws(ModelError) {
    name = try cursor.text("a name")
    type = try HDF5Datatype(&cursor)
    space = try HDF5Space(&cursor)
    let start = cursor.offset
    switch try cursor.byte("a value") {
    case 0: value = .bytes(try cursor.text("a value"))
    case 1:
      var strings: [[UInt8]] = []
      for _ in 0..<(try cursor.count("strings")) { strings.append(try cursor.text("a string")) }
      value = .strings(strings)
    case 2: value = .unread(try cursor.string("a reason"))
    default: throw ModelError(.malformed, "a kind of value", at: start)
    }
  }
}

extension HDF5Dataset {
  fileprivate func write(to writer: inout ByteWriter) {
    type.write(to: &writer)
    space.write(to: &writer)
    switch layout {
    case .compact(let bytes):
      writer.byte(0)
      writer.text(bytes)
    case .contiguous(let offset, let byteCount):
      writer.byte(1)
      writer.integer(offset ?? .max)
      writer.integer(byteCount)
    case .chunked(let chunks):
      writer.byte(chunks.leavesEdges ? 5 : 2)
      writer.list(chunks.shape)
      writer.varint(chunks.filters.count)
      for filter in chunks.filters {
        writer.varint(filter.id)
        writer.integer(filter.flags)
        writer.list(filter.parameters.map(Int.init))
      }
    case .virtual: writer.byte(3)
    case .external(let names):
      writer.byte(4)
      writer.varint(names.count)
      for name in names { writer.text(name) }
    }
    writer.text(fill ?? [])
  }

  fileprivate init(_ cursor: inout ByteCursor) throws(ModelError) {
    type = try HDF5Datatype(&cursor)
    space = try HDF5Space(&cursor)
    let start = cursor.offset
    let kind = try cursor.byte("a layout")
    switch kind {
    case 0: layout = .compact(try cursor.text("elements"))
    case 1:
      let offset = try cursor.integer(UInt64.self, "an offset")
      layout = .contiguous(
        offset: offset == .max ? nil : offset, byteCount: try cursor.integer(UInt64.self, "a size"))
    case 2, 5:
      layout = .chunked(
        HDF5ChunkLayout(
          shape: try cursor.list("a shape"), filters: try HDF5Filter.list(&cursor), leavesEdges: kind == 5))
    case 3: layout = .virtual
    case 4:
      var names: [[UInt8]] = []
      for _ in 0..<(try cursor.count("files")) { names.append(try cursor.text("a file")) }
      layout = .external(names)
    default: throw ModelError(.malformed, "a kind of layout", at: start)
    }
    let fill = try cursor.text("a fill value")
    self.fill = fill.isEmpty ? nil : fill
  }
}

extension HDF5Filter {
  fileprivate static func list(_ cursor: inout ByteCursor) throws(ModelError) -> [HDF5Filter] {
    let start = cursor.offset
    let count = try cursor.count("filters", unit: 6)
    guard count <= HDF5Limits.filters else { throw ModelError(.malformed, "\(count) filters", at: start) }
    var filters: [HDF5Filter] = []
    for _ in 0..<count {
      let id = try cursor.varint("a filter")
      let flags = try cursor.integer(UInt32.self, "flags")
      let parameters = try cursor.list("parameters", atMost: 1 << 16)
      guard id <= UInt16.max, parameters.allSatisfy({ $0 <= UInt32.max }) else {
        throw ModelError(.malformed, "a filter", at: start)
      }
      filters.append(HDF5Filter(id: id, flags: flags, parameters: parameters.map { UInt32($0) }))
    }
    return filters
  }
}

extension HDF5Chunk {
  package func write(to writer: inout ByteWriter) {
    writer.integer(index)
    writer.integer(offset)
    writer.integer(byteCount)
    writer.integer(filterMask)
  }

  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    index = try cursor.integer(UInt64.self, "a chunk")
    offset = try cursor.integer(UInt64.self, "its offset")
    byteCount = try cursor.integer(UInt32.self, "its size")
    filterMask = try cursor.integer(UInt32.self, "its filters")
  }
}

extension HDF5Link {
  package func write(to writer: inout ByteWriter) {
    writer.text(path)
    switch target {
    case .same(let path):
      writer.byte(0)
      writer.text(path)
    case .soft(let path):
      writer.byte(1)
      writer.text(path)
    case .external(let file, let path):
      writer.byte(2)
      writer.text(file)
      writer.text(path)
    case .userDefined(let kind):
      writer.byte(3)
      writer.varint(kind)
    }
  }

  package init(_ cursor: inout ByteCursor) throws(ModelError) {
    path = try cursor.text("a path")
    let start = cursor.offset
    switch try cursor.byte("a link") {
    case 0: target = .same(try cursor.text("a path"))
    case 1: target = .soft(try cursor.text("a path"))
    case 2: target = .external(file: try cursor.text("a file"), path: try cursor.text("a path"))
    case 3: target = .userDefined(try cursor.varint("a kind"))
    default: throw ModelError(.malformed, "a kind of link", at: start)
    }
    try cursor.end(of: "a link")
  }
}
