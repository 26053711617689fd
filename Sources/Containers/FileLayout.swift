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

  /// A tensor that lies in the file in another form than its elements have: turned, tiled, compressed.
  package struct Recoded: Sendable {
    /// A run of the file, and how it is made of the tensor's elements: a claim, until it is tried.
    package struct Piece: Sendable {
      /// Not empty.
      package let range: Range<Int>
      package let recoding: Recoding

      package init(range: Range<Int>, recoding: Recoding) {
        self.range = range
        self.recoding = recoding
      }
    }

    package let info: TensorInfo
    /// The number of the tensor in the model that lends its elements.
    package let number: Int
    /// Runs of the file that hold some of the tensor in a way that no recoding says.
    package struct Remainder: Sendable {
      package var count: Int
      package var byteCount: Int
      /// For people: `went through lzf`.
      package var reason: String

      package init(count: Int, byteCount: Int, reason: String) {
        self.count = count
        self.byteCount = byteCount
        self.reason = reason
      }
    }

    /// By their place in the file.
    package let pieces: [Piece]
    /// What neither this nor the pieces hold of the tensor, the file does not.
    package let remainder: Remainder?

    package init(info: TensorInfo, number: Int, pieces: [Piece], remainder: Remainder? = nil) {
      self.info = info
      self.number = number
      self.pieces = pieces
      self.remainder = remainder
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
  /// Tensors in another form. Their pieces share no byte with each other, with a tensor or with a gap before the first.
  package let recoded: [Recoded]
  /// The gaps before the first tensor that differ from what follows them: they fill the file from its start.
  private let headerGaps: [Gap]

  public init(container: String, byteCount: Int, tensors: [Tensor], headerGaps: [Gap] = []) {
    self.init(container: container, byteCount: byteCount, tensors: tensors, recoded: [], headerGaps: headerGaps)
  }

  package init(
    container: String, byteCount: Int, tensors: [Tensor], recoded: [Recoded], headerGaps: [Gap] = []
  ) {
    self.container = container
    self.byteCount = byteCount
    self.tensors = tensors
    self.recoded = recoded
    self.headerGaps = headerGaps
  }

  /// The same file, of whose tensors in another form only these are known.
  package func with(recoded: [Recoded]) -> FileLayout {
    FileLayout(
      container: container, byteCount: byteCount, tensors: tensors, recoded: recoded, headerGaps: headerGaps)
  }

  /// The same file, of whose tensors and pieces those are left out that lie over others before them; tensors in order.
  func withoutOverlaps() -> FileLayout {
    let whole = tensors.enumerated().map { (range: $1.range, tensor: $0, piece: Int?.none) }
    let parts = recoded.enumerated().flatMap { number, tensor in
      tensor.pieces.enumerated().map { (range: $1.range, tensor: number, piece: Int?.some($0)) }
    }
    var kept: [Tensor] = []
    var pieces = recoded.map { _ in [Recoded.Piece]() }
    var end = 0
    for (range, tensor, piece) in (whole + parts).sorted(by: {
      ($0.range.lowerBound, $1.range.count) < ($1.range.lowerBound, $0.range.count)
    }) where range.lowerBound >= end {
      if let piece { pieces[tensor].append(recoded[tensor].pieces[piece]) } else { kept.append(tensors[tensor]) }
      end = range.upperBound
    }
    return FileLayout(
      container: container, byteCount: byteCount, tensors: kept,
      recoded: zip(recoded, pieces).compactMap { tensor, pieces in
        pieces.isEmpty && !tensor.pieces.isEmpty
          ? nil
          : Recoded(info: tensor.info, number: tensor.number, pieces: pieces, remainder: tensor.remainder)
      }, headerGaps: headerGaps)
  }

  /// What is no tensor, in order: between tensors and behind the last.
  public var gaps: [Gap] {
    var occupied = tensors.map(\.range)
    if !recoded.isEmpty {
      occupied += recoded.flatMap { $0.pieces.map(\.range) }
      occupied.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    }
    var gaps = headerGaps
    var end = gaps.last?.range.upperBound ?? 0
    for range in occupied {
      if range.lowerBound > end { gaps.append(Gap(range: end..<range.lowerBound)) }
      end = max(end, range.upperBound)
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
