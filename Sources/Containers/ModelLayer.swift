public import TensorModel

/// A model that is another one transformed while it is read.
///
/// A layer holds nothing but what its sessions lend, a chunk at a time; so layers stand on each other, and whatever reads
/// models reads them: the writer, the packer, inspection, verification.
public protocol ModelLayer: ContainerReader {
  var base: any ContainerReader { get }
}

extension ModelLayer {
  public var formatName: String { base.formatName }
  public var path: String { base.path }
  public var byteCount: Int { base.byteCount }
  public func demandUnchanged() throws(ModelError) { try base.demandUnchanged() }
}
