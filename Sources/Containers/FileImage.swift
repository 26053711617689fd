package import TensorModel

/// A model file that needs not exist: its header laid out, its tensors' bytes still in the model that lends them.
///
/// What is neither header nor tensor is zeros.
public struct FileImage: Sendable {
  public let model: any ContainerReader
  public let layout: FileLayout
  /// Per tensor of `layout`, its number in `model`.
  public let sources: [Int]
  /// The tensor of `layout` that is metadata. `model` has it behind those that the image was made of.
  public let metadataTensor: Int?
  /// The file's first bytes.
  public let headerBytes: [UInt8]
  /// The metadata that a reader of the file gets.
  package let metadata: [MetadataEntry]
  /// Whether only the container's own reader finds them in the file's bytes.
  package let hidesMetadata: Bool
  /// What the file holds, where it may as well be written in another form: with compressed chunks.
  let compressible: HDF5Outline?

  public var byteCount: Int { layout.byteCount }

  /// The numbers of the model's own tensors, in the order of the file.
  public var modelTensors: [Int] { sources.indices.filter { $0 != metadataTensor }.map { sources[$0] } }

  init(
    _ model: any ContainerReader, layout: FileLayout, sources: [Int], metadataTensor: Int? = nil, headerBytes: [UInt8],
    metadata: [MetadataEntry], hidesMetadata: Bool = false, compressible: HDF5Outline? = nil
  ) {
    self.model = model
    self.layout = layout
    self.sources = sources
    self.metadataTensor = metadataTensor
    self.headerBytes = headerBytes
    self.metadata = metadata
    self.hidesMetadata = hidesMetadata
    self.compressible = compressible
  }

  /// Lends a range of the file's bytes that lies in the header, in one tensor, or between two.
  /// - Parameter session: one of `model`.
  package func withBytes<Result>(
    _ range: Range<Int>, _ session: any TensorSession, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    if range.upperBound <= headerBytes.count { return try body(unsafe headerBytes.span.bytes.extracting(range)) }
    guard let (tensor, part) = place(of: range) else {
      let zeros = [UInt8](repeating: 0, count: range.count)
      return try body(unsafe zeros.span.bytes)
    }
    return try within("tensor '\(layout.tensors[tensor].info.name)'") { () throws(ModelError) in
      try session.withBytes(of: sources[tensor], part, body)
    }
  }

  /// Says that a range in one tensor will not be read again soon.
  package func release(_ range: Range<Int>, _ session: any TensorSession) {
    guard range.lowerBound >= headerBytes.count, !range.isEmpty, let (tensor, part) = place(of: range) else { return }
    session.release(of: sources[tensor], part)
  }

  /// The tensor that holds a range, and which part of it that is; nil between tensors.
  private func place(of range: Range<Int>) -> (tensor: Int, part: Range<Int>)? {
    let tensor = layout.firstTensor(endingBehind: range.lowerBound)
    guard tensor < layout.tensors.count else { return nil }
    let whole = layout.tensors[tensor].range
    guard range.lowerBound >= whole.lowerBound else {
      precondition(range.upperBound <= whole.lowerBound, "a range that begins between tensors and ends in one")
      return nil
    }
    return (tensor, (range.lowerBound - whole.lowerBound)..<(range.upperBound - whole.lowerBound))
  }
}
