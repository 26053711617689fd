import Filters
import HDF5Protocol
import Kernels
package import TensorModel

/// Views as a packed file states them.
extension HDF5Views {
  /// - Parameters:
  ///   - bytes: what `encoded` gave, or anything.
  ///   - fileByteCount: of the file through whose bytes the tensors are read.
  /// - Throws: `malformed` where the views are none that lie in such a file, or are out of all proportion to it.
  package static func parse(
    _ bytes: RawSpan, fileByteCount: Int, limits: Limits
  ) throws(ModelError) -> HDF5Views {
    var cursor = ByteCursor(bytes)
    var room = HDF5Room(fileByteCount: fileByteCount, limits: limits)
    var tensors: [HDF5Tensor] = []
    for _ in 0..<(try cursor.count("the number of views", unit: 7)) {
      let info = try parseInfo(&cursor, limits)
      tensors.append(
        try within("tensor '\(info.name)'") { () throws(ModelError) in
          try room.take(info)
          return try parseTensor(&cursor, info, fileByteCount: fileByteCount)
        })
    }
    try cursor.end(of: "the views of a file")
    return HDF5Views(tensors)
  }

  private static func parseInfo(_ cursor: inout ByteCursor, _ limits: Limits) throws(ModelError) -> TensorInfo {
    let name = try cursor.string("the name of a tensor")
    return try within("tensor '\(name)'") { () throws(ModelError) in
      let dtype = try cursor.dtype()
      guard dtype.blockElements == 1 else { throw ModelError(.malformed, "it is of blocks of \(dtype.name)") }
      let rank = try cursor.count("its rank")
      guard rank <= limits.rank else { throw ModelError(.malformed, "rank \(rank), expected at most \(limits.rank)") }
      return try TensorInfo(name: name, dtype: dtype, shape: try cursor.varints(rank, "a dimension"))
    }
  }

  private static func parseTensor(
    _ cursor: inout ByteCursor, _ info: TensorInfo, fileByteCount: Int
  ) throws(ModelError) -> HDF5Tensor {
    var tensor = HDF5Tensor(
      info: info, isSwapped: try cursor.flag("whether its bytes are turned"),
      fill: [UInt8](repeating: 0, count: info.dtype.blockBytes))
    guard !tensor.isSwapped || DType.named(info.dtype.name) != nil else {
      throw ModelError(.malformed, "numbers of type '\(info.dtype.name)' are turned")
    }
    guard try cursor.flag("its form") else {
      let start = try cursor.varint("its offset")
      guard start <= fileByteCount, info.byteCount <= fileByteCount - start else {
        throw ModelError(.malformed, "\(info.byteCount) bytes at \(start) of a file of \(fileByteCount)")
      }
      tensor.storage = .place(start)
      tensor.storedBytes = info.byteCount
      return tensor
    }
    let shape = try cursor.varints(info.shape.count, "the shape of a chunk")
    let leavesEdges = try cursor.flag("whether edges are unfiltered")
    tensor.fill = try cursor.octets("what fills it")
    guard !tensor.fill.isEmpty, tensor.fill.count % info.dtype.blockBytes == 0 else {
      throw ModelError(.malformed, "it is filled with \(tensor.fill.count) bytes, expected whole elements")
    }
    let filters = try parseFilters(&cursor)
    let chunks = try HDF5Chunks(
      extent: info.shape, shape: shape, datasetRank: info.shape.count, elementBytes: info.dtype.blockBytes,
      try parseChunks(&cursor), filters: filters, leavesEdges: leavesEdges, fileByteCount: fileByteCount)
    guard chunks.hasViewableSizes else {
      throw ModelError(.malformed, "a chunk of \(chunks.byteCount) bytes takes more than twice as many")
    }
    tensor.layoutText = chunks.layoutText
    tensor.storedBytes = chunks.storedBytes
    tensor.storage = chunks.storage
    if case .chunked = tensor.storage, let obstacle = chunks.viewObstacle { tensor.storage = .unsupported(obstacle) }
    return tensor
  }

  private static func parseFilters(_ cursor: inout ByteCursor) throws(ModelError) -> FilterPipeline {
    var filters: [ChunkFilter] = []
    for _ in 0..<(try cursor.count("the number of filters", unit: 3)) {
      let id = try cursor.varint("a filter")
      let isOptional = try cursor.flag("whether a filter is optional")
      var parameters: [UInt32] = []
      for _ in 0..<(try cursor.count("the number of a filter's parameters", unit: 4)) {
        parameters.append(try cursor.integer(UInt32.self, "a parameter of a filter"))
      }
      filters.append(ChunkFilter(id: id, isOptional: isOptional, parameters: parameters))
    }
    return try FilterPipeline(filters)
  }

  private static func parseChunks(_ cursor: inout ByteCursor) throws(ModelError) -> [HDF5Chunk] {
    var chunks: [HDF5Chunk] = []
    var next: UInt64 = 0
    for _ in 0..<(try cursor.count("the number of chunks", unit: 7)) {
      // Both are below 2^63, and a number that is too large is proved to be none of the grid's.
      let index = next &+ UInt64(try cursor.varint("the chunks that are skipped"))
      let offset = try cursor.varint("the offset of a chunk")
      let byteCount = try cursor.varint("the bytes of a chunk")
      guard index < UInt64(Int.max), let byteCount = UInt32(exactly: byteCount) else {
        throw ModelError(.malformed, "chunk \(index) of \(byteCount) bytes")
      }
      let mask = try cursor.integer(UInt32.self, "the filter mask of a chunk")
      chunks.append(HDF5Chunk(index: index, offset: UInt64(offset), byteCount: byteCount, filterMask: mask))
      next = index + 1
    }
    return chunks
  }
}

extension HDF5Views {
  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.varint(tensors.count)
    for tensor in tensors { Self.write(tensor, to: &writer) }
    return writer.bytes
  }

  private static func write(_ tensor: HDF5Tensor, to writer: inout ByteWriter) {
    let info = tensor.info
    writer.string(info.name)
    writer.string(info.dtype.name)
    writer.varint(info.dtype.blockElements)
    writer.varint(info.dtype.blockBytes)
    writer.varint(info.shape.count)
    for dimension in info.shape { writer.varint(dimension) }
    writer.byte(tensor.turnsBytes ? 1 : 0)
    switch tensor.storage {
    case .place(let start):
      writer.byte(0)
      writer.varint(start)
    case .chunked(let chunks):
      writer.byte(1)
      write(chunks, fill: tensor.fill, to: &writer)
    case .bytes, .fill, .unsupported: preconditionFailure("a tensor that is no view")
    }
  }

  private static func write(_ chunks: HDF5Chunks, fill: [UInt8], to writer: inout ByteWriter) {
    for count in chunks.shape { writer.varint(count) }
    writer.byte(chunks.leavesEdges ? 1 : 0)
    writer.varint(fill.count)
    writer.append(fill)
    writer.varint(chunks.filters.filters.count)
    for filter in chunks.filters.filters {
      writer.varint(filter.id)
      writer.byte(filter.isOptional ? 1 : 0)
      writer.varint(filter.parameters.count)
      for parameter in filter.parameters { writer.integer(parameter) }
    }
    writer.varint(chunks.stored.count)
    var next = 0
    for chunk in chunks.stored {
      writer.varint(Int(chunk.index) - next)
      writer.varint(Int(chunk.offset))
      writer.varint(Int(chunk.byteCount))
      writer.integer(chunk.filterMask)
      next = Int(chunk.index) + 1
    }
  }
}

extension ByteCursor {
  fileprivate mutating func flag(_ what: String) throws(ModelError) -> Bool {
    let value = try byte(what)
    guard value <= 1 else { throw ModelError(.malformed, "\(what): \(value), expected 0 or 1", at: offset - 1) }
    return value == 1
  }

  fileprivate mutating func varints(_ count: Int, _ what: String) throws(ModelError) -> [Int] {
    var values: [Int] = []
    for _ in 0..<count { values.append(try varint(what)) }
    return values
  }
}
