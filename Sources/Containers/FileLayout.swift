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

  /// What is no tensor: bytes of one kind.
  public struct Gap: Hashable, Sendable {
    /// Not empty.
    public let range: Range<Int>
    /// Bytes of each of the numbers that fill it; 1 of anything else.
    public let elementBytes: Int

    public init(range: Range<Int>, elementBytes: Int = 1) {
      self.range = range
      self.elementBytes = elementBytes
    }
  }

  /// The name of the container, as `tare formats` lists it.
  public let container: String
  public let byteCount: Int
  /// By their place in the file; no two share a byte.
  public let tensors: [Tensor]
  /// The gaps before the first tensor that differ from what follows them: they fill the file from its start.
  private let headerGaps: [Gap]

  public init(container: String, byteCount: Int, tensors: [Tensor], headerGaps: [Gap] = []) {
    self.container = container
    self.byteCount = byteCount
    self.tensors = tensors
    self.headerGaps = headerGaps
  }

  /// What is no tensor, in order: before each tensor and behind the last.
  public var gaps: [Gap] {
    var gaps = headerGaps
    var end = gaps.last?.range.upperBound ?? 0
    for tensor in tensors {
      if tensor.range.lowerBound > end { gaps.append(Gap(range: end..<tensor.range.lowerBound)) }
      end = max(end, tensor.range.upperBound)
    }
    if byteCount > end { gaps.append(Gap(range: end..<byteCount)) }
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
