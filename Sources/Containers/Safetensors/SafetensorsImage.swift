public import TensorModel

/// A safetensors file that needs not exist: its header laid out, its tensors' bytes still in the model that lends them.
///
/// It is what the reference writes for these tensors: widest dtype first, in the order of `DType.all` backwards, then by
/// name, bytewise; without gaps. So every tensor of whole-byte elements is aligned to them in the file.
public struct SafetensorsImage: Sendable {
  public let model: any ContainerReader
  /// In the order of the file.
  public let header: SafetensorsHeader
  /// Per tensor of `header`, its number in `model`. That of the metadata is one more than those that the model was given
  /// with.
  public let sources: [Int]
  /// The file's first bytes: the length of the header and the header.
  public let headerBytes: [UInt8]

  /// The numbers of the model's own tensors, in the order of the file.
  public var modelTensors: [Int] {
    header.tensors.indices.filter { $0 != header.metadataTensor }.map { sources[$0] }
  }

  public var byteCount: Int { header.tensors.last?.range.upperBound ?? headerBytes.count }

  /// Lays out the file.
  /// - Parameters:
  ///   - tensors: numbers of tensors in `model`.
  ///   - metadata: in the order in which it is written.
  /// - Throws: `unsupported` for a dtype that safetensors lacks, for a header that would exceed `limits.headerBytes`, and
  ///   for a tensor whose name the format reserves; `malformed` where two tensors have one name, or all together 2^63
  ///   bytes or more.
  public init(
    _ model: any ContainerReader, tensors: [Int], metadata: [MetadataEntry], limits: Limits = Limits()
  ) throws(ModelError) {
    let metadataText = try SafetensorsMetadata(metadata)
    var (model, tensors) = (model, tensors)
    if let bytes = metadataText.tensor {
      try Self.demandFree(SafetensorsMetadata.key, model.catalog, tensors)
      model = try ModelWithTensor(model, SafetensorsMetadata.key, bytes)
      tensors.append(model.catalog.tensors.count - 1)
    }
    let order = try Self.fileOrder(model.catalog, tensors)
    var placed: [(info: TensorInfo, offsets: Range<Int>)] = []
    placed.reserveCapacity(order.count)
    var end = 0
    for number in order {
      let info = model.catalog.tensors[number].info
      let (next, overflow) = end.addingReportingOverflow(info.byteCount)
      guard !overflow else { throw ModelError(.malformed, "the tensors have 2^63 bytes or more together") }
      placed.append((info, end..<next))
      end = next
    }
    let text = SafetensorsHeaderText(metadata: metadataText.pairs, tensors: placed).bytes
    guard text.count - 8 <= limits.headerBytes else {
      throw ModelError(
        .unsupported, "a header of \(text.count - 8) bytes, safetensors allows \(limits.headerBytes)",
        hint: "--shard writes several files")
    }
    guard case (_, false) = end.addingReportingOverflow(text.count) else {
      throw ModelError(.malformed, "the tensors have 2^63 bytes or more together")
    }
    self.model = model
    sources = order
    headerBytes = text
    header = SafetensorsHeader(
      dataStart: text.count,
      tensors: placed.map {
        .init(info: $0.info, range: (text.count + $0.offsets.lowerBound)..<(text.count + $0.offsets.upperBound))
      }, metadata: metadata, metadataTensor: metadataText.tensor.flatMap { _ in order.firstIndex(of: tensors.last!) })
  }

  private static func demandFree(_ name: String, _ catalog: Catalog, _ tensors: [Int]) throws(ModelError) {
    guard !tensors.contains(where: { catalog.tensors[$0].info.name.utf8.elementsEqual(name.utf8) }) else {
      throw ModelError(
        .unsupported, "tensor '\(name)': the name is taken for metadata", hint: "--rename changes it")
    }
  }

  private static func fileOrder(_ catalog: Catalog, _ tensors: [Int]) throws(ModelError) -> [Int] {
    let ranks = Dictionary(uniqueKeysWithValues: DType.all.enumerated().map { ($1, $0) })
    var keyed: [(rank: Int, name: ExactName, number: Int)] = []
    keyed.reserveCapacity(tensors.count)
    var names = NameIndex()
    for number in tensors {
      let info = catalog.tensors[number].info
      guard let rank = ranks[info.dtype] else {
        throw ModelError(.unsupported, "tensor '\(info.name)': safetensors has no \(info.dtype.name)")
      }
      guard info.name != "__metadata__" else {
        throw ModelError(
          .unsupported, "tensor '__metadata__': safetensors reserves the name", hint: "--rename changes it")
      }
      guard names.insert(info.name) == nil else {
        throw ModelError(.malformed, "two tensors are named '\(info.name)'")
      }
      keyed.append((rank, ExactName(info.name), number))
    }
    return keyed.sorted { $0.rank == $1.rank ? $0.name < $1.name : $0.rank > $1.rank }.map(\.number)
  }

  /// The tensor of the file that holds the byte at `position`, which is no byte of the header.
  func tensor(holding position: Int) -> Int {
    // The first that ends behind it: empty tensors end before.
    var low = 0
    var high = header.tensors.count
    while low < high {
      let middle = (low + high) / 2
      if header.tensors[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
    }
    precondition(low < header.tensors.count, "a position outside of the file")
    return low
  }
}

extension SafetensorsImage {
  /// Lends a range of the file's bytes that lies in the header or in one tensor.
  /// - Parameter session: one of `model`.
  package func withBytes<Result>(
    _ range: Range<Int>, _ session: any TensorSession, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard range.lowerBound >= header.dataStart else {
      precondition(range.upperBound <= header.dataStart)
      return try body(unsafe headerBytes.span.bytes.extracting(range))
    }
    let (tensor, part) = place(of: range)
    return try within("tensor '\(header.tensors[tensor].info.name)'") { () throws(ModelError) in
      try session.withBytes(of: sources[tensor], part, body)
    }
  }

  /// Says that a range in one tensor will not be read again soon.
  package func release(_ range: Range<Int>, _ session: any TensorSession) {
    guard range.lowerBound >= header.dataStart, !range.isEmpty else { return }
    let (tensor, part) = place(of: range)
    session.release(of: sources[tensor], part)
  }

  private func place(of range: Range<Int>) -> (tensor: Int, part: Range<Int>) {
    let tensor = tensor(holding: range.lowerBound)
    let start = header.tensors[tensor].range.lowerBound
    return (tensor, (range.lowerBound - start)..<(range.upperBound - start))
  }
}
