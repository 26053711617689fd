public import TensorModel

/// How a model file is cut: the ranges of it that are tensors; what lies between them is bytes.
public struct FileLayout: Sendable {
  /// One tensor and where it lies.
  public struct Tensor: Sendable {
    public let info: TensorInfo
    /// Its bytes in the file. They may begin at any address.
    public let range: Range<Int>

    public init(info: TensorInfo, range: Range<Int>) {
      self.info = info
      self.range = range
    }
  }

  /// The name of the container, as `tare formats` lists it.
  public let container: String
  public let byteCount: Int
  /// By their place in the file; no two share a byte.
  public let tensors: [Tensor]

  public init(container: String, byteCount: Int, tensors: [Tensor]) {
    self.container = container
    self.byteCount = byteCount
    self.tensors = tensors
  }

  /// What is no tensor, in order: the range before each tensor and the one behind the last, none of them empty.
  public var gaps: [Range<Int>] {
    var gaps: [Range<Int>] = []
    var end = 0
    for tensor in tensors {
      if tensor.range.lowerBound > end { gaps.append(end..<tensor.range.lowerBound) }
      end = max(end, tensor.range.upperBound)
    }
    if byteCount > end { gaps.append(end..<byteCount) }
    return gaps
  }

  /// The first tensor that ends behind `position`; the number of tensors where none does.
  func firstTensor(endingBehind position: Int) -> Int {
    // Empty tensors end before.
    var low = 0
    var high = tensors.count
    while low < high {
      let middle = (low + high) / 2
      if tensors[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
