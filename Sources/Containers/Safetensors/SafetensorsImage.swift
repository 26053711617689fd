public import TensorModel

/// Safetensors files that need not exist.
///
/// They are what the reference writes for their tensors: widest dtype first, in the order of `DType.all` backwards, then by
/// name, bytewise; without gaps. So every tensor of whole-byte elements is aligned to them in the file.
extension FileImage {
  /// Lays out a safetensors file.
  /// - Parameters:
  ///   - tensors: numbers of tensors in `model`.
  ///   - metadata: in the order in which it is written.
  /// - Throws: `unsupported` for a dtype that safetensors lacks, for a header that would exceed `limits.headerBytes`, and
  ///   for a tensor whose name the format reserves; `malformed` where two tensors have one name, or all together 2^63
  ///   bytes or more.
  public init(
    safetensors model: any ContainerReader, tensors: [Int], metadata: [MetadataEntry], limits: Limits = Limits()
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
    let layout = FileLayout(
      container: "safetensors", byteCount: text.count + end,
      tensors: placed.map {
        .init(info: $0.info, range: (text.count + $0.offsets.lowerBound)..<(text.count + $0.offsets.upperBound))
      })
    self.init(
      model, layout: layout, sources: order,
      metadataTensor: metadataText.tensor.flatMap { _ in order.firstIndex(of: tensors.last!) }, headerBytes: text,
      metadata: metadata)
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
        throw ModelError(
          .unsupported, "tensor '\(info.name)': safetensors has no \(info.dtype.name)",
          hint: info.dtype.blockType == nil ? nil : "--dequantize writes its numbers as F32")
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
}
