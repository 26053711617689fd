public import Containers
import Kernels
public import TensorModel

/// A mask beside a weight, as `torch.nn.utils.prune` leaves them until `prune.remove` is called: `X_orig` holds the weight
/// as it was, `X_mask` ones and zeros, and X is their product.
///
/// Weights are F16, BF16, F32 or F64; masks are of the same type, BOOL or U8. A kept weight keeps its bits; under a zero, a
/// finite one becomes the zero of its sign, any other a quiet NaN, as IEEE 754 multiplies.
public struct PruningMaskSchema: Schema {
  public let name = "pruning-mask"
  public let summary = "a weight X_orig and a mask X_mask of ones and zeros, whose product is X"

  public init() {}

  public func candidates(in catalog: Catalog) -> [LogicalTensor] {
    var numbers: [ExactName: Int] = [:]
    for (number, entry) in catalog.tensors.enumerated() { numbers[ExactName(entry.info.name)] = number }
    return catalog.tensors.indices.compactMap { number in
      let weight = catalog.tensors[number].info
      guard weight.name.utf8.count > Self.weightSuffix.utf8.count, weight.name.hasSuffix(Self.weightSuffix) else {
        return nil
      }
      let name = String(weight.name.dropLast(Self.weightSuffix.count))
      guard let mask = numbers[ExactName(name + Self.maskSuffix)], numbers[ExactName(name)] == nil,
        catalog.tensors[mask].info.shape == weight.shape,
        MaskProduct(of: weight.dtype, mask: catalog.tensors[mask].info.dtype) != nil,
        let info = try? TensorInfo(name: name, dtype: weight.dtype, shape: weight.shape)
      else { return nil }
      return LogicalTensor(
        schema: self.name, info: info,
        parts: [.init(role: "weight", tensor: number), .init(role: "mask", tensor: mask)])
    }
  }

  private static let weightSuffix = "_orig"
  private static let maskSuffix = "_mask"

  public func refusal(of tensor: LogicalTensor, in model: any ContainerReader) throws(ModelError) -> String? {
    let product = product(of: tensor, in: model.catalog)
    let mask = tensor.parts[1].tensor
    let grid = model.grid(of: mask)
    let session = model.makeSession()
    for chunk in 0..<grid.count {
      let range = grid.bytes(ofChunk: chunk)
      let isMask = try session.withBytes(of: mask, range) { product.isMask($0) }
      session.release(of: mask, range)
      guard isMask else {
        return "'\(model.catalog.tensors[mask].info.name)' holds other values than 0 and 1, and is no mask"
      }
    }
    return nil
  }

  @unsafe public func read(
    _ elements: Range<Int>, of tensor: LogicalTensor, in catalog: Catalog, through session: any TensorSession,
    into target: UnsafeMutableRawPointer
  ) throws(ModelError) {
    let product = product(of: tensor, in: catalog)
    let (weight, mask) = (tensor.parts[0].tensor, tensor.parts[1].tensor)
    try session.withBytes(of: weight, elements.bytes(of: product.weights)) { bytes in
      unsafe bytes.withUnsafeBytes { source in
        if let start = source.baseAddress { unsafe target.copyMemory(from: start, byteCount: source.count) }
      }
    }
    let isMask = try session.withBytes(of: mask, elements.bytes(of: product.mask)) { bytes in
      unsafe product.multiply(target, by: bytes)
      return product.isMask(bytes)
    }
    guard isMask else { throw ModelError(.malformed, "a mask holds other values than 0 and 1") }
  }

  private func product(of tensor: LogicalTensor, in catalog: Catalog) -> MaskProduct {
    let mask = catalog.tensors[tensor.parts[1].tensor].info.dtype
    guard let product = MaskProduct(of: tensor.info.dtype, mask: mask) else {
      preconditionFailure("\(mask.name) is no type of a mask of \(tensor.info.dtype.name)")
    }
    return product
  }
}

extension Range<Int> {
  /// The bytes of a range of elements.
  fileprivate func bytes(of dtype: DType) -> Range<Int> {
    lowerBound * dtype.blockBytes..<upperBound * dtype.blockBytes
  }
}
