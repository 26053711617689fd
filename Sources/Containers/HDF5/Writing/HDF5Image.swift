public import TensorModel

/// HDF5 files that need not exist (`formats/hdf5.md`, "What is written").
extension FileImage {
  /// Where the elements of a tensor begin.
  static let alignment = 64

  /// Lays out an HDF5 file whose datasets lie in one piece each.
  /// - Parameters:
  ///   - tensors: numbers of tensors in `model`. Their names are the paths of datasets.
  ///   - metadata: what becomes attributes.
  /// - Throws: `unsupported` for types and names that HDF5 lacks; `malformed` where two tensors have one name, two entries
  ///   one key, or all together has 2^63 bytes or more.
  public init(
    hdf5 model: any ContainerReader, tensors: [Int], metadata: [MetadataEntry]
  ) throws(ModelError) {
    var order: [Int] = []
    let outline = try HDF5Outline(tensors.map { model.catalog.tensors[$0].info }, metadata, order: &order)
    var header = outline.header(nil)
    // So that nothing lies between it and the first tensor.
    header.pad(to: Self.alignment)
    var end = header.bytes.count
    var placed: [FileLayout.Tensor] = []
    placed.reserveCapacity(order.count)
    for (number, info) in outline.tensors.enumerated() {
      if info.byteCount > 0 {
        end += end.padding(to: Self.alignment)
        header.setAddress(end, ofDataset: number)
      }
      let (next, overflow) = end.addingReportingOverflow(info.byteCount)
      guard !overflow, next <= Int.max - Self.alignment else {
        throw ModelError(.malformed, "the tensors have 2^63 bytes or more together")
      }
      placed.append(.init(info: info, range: end..<next))
      end = next
    }
    header.setByteCount(end)
    self.init(
      model, layout: FileLayout(container: "hdf5", byteCount: end, tensors: placed),
      sources: order.map { tensors[$0] }, headerBytes: header.bytes, metadata: outline.metadata, hidesMetadata: true,
      compressible: outline)
  }
}
