package stage

import "context"

// Receiver starts a stream that does not end by itself: it takes what brokers,
// mailboxes, queues and servers deliver. The runtime calls Receive in a goroutine
// of its own, cuts windows of whole deliveries, and acknowledges a window when
// its checkpoint has come back. Prefetch is what the open windows hold.
//
// A Receiver that is also a Collector is called by that in a bare pipe, to print
// what is there and leave it. One that is not is acknowledged there when its
// lines are written.
type Receiver interface {
	// Origin says what the far end can do.
	Origin() OriginKind
	// Open connects. It is called for each attempt, after Close of the one
	// before, with the position of the last acknowledged delivery.
	Open(ctx context.Context, position string) error
	// Receive waits for the next delivery. io.EOF says that there is none, in a
	// run that does not follow (Env.Follow). Any other error ends the attempt.
	Receive(ctx context.Context) (Delivery, error)
	// Acknowledge gives the deliveries of a window up at the origin, in order.
	// It may be called while Receive waits.
	Acknowledge(ctx context.Context, deliveries []Delivery) error
	// Close lets go, and makes a Receive that waits return.
	Close() error
}

// Delivery is one or many messages that are acknowledged together.
type Delivery struct {
	Position string // where the origin has one: the same when it delivers again
	Name     string // for people: the file, the segment, the mail
	Bytes    int64  // how much it is, for --window-bytes
	Send     func(emit Emit) error
	Handle   any // the receiver's own
}

// OriginKind is what an origin does with deliveries that were not acknowledged.
type OriginKind int

const (
	// OriginNone forgets them: UDP, a stream of messages. The runtime writes
	// its windows to a spool in the state directory before it sends them.
	OriginNone OriginKind = iota
	// OriginSender is told so, and sends them again as it likes: a request of
	// HTTP, a frame on TCP.
	OriginSender
	// OriginReconnect delivers them again, in an order of its own.
	OriginReconnect
	// OriginPosition delivers them again in the same order.
	OriginPosition
)

// KeepAlive is a Receiver that has to be heard of. It is called every ten
// seconds, also while there is no room for more.
type KeepAlive interface {
	KeepAlive(ctx context.Context) error
}

// Rejecter is a Receiver whose origin can be told that deliveries were not
// taken, when the pipeline has died or the source ends. Messages that have
// failed are taken: they are in the dump.
type Rejecter interface {
	Reject(ctx context.Context, deliveries []Delivery) error
}

// Keeper is a collector whose origin itself keeps how far a source is
// acknowledged, in the same step in which Ack gives a window up. For others
// the runtime keeps it. Several runs may share the origin of a Keeper, each as
// a source of its own.
type Keeper interface {
	// Acknowledged says how far a source is acknowledged, and whether a run of it
	// has left something at the origin that is to be sent under its name.
	Acknowledged(ctx context.Context, source string) (number uint64, left bool, err error)
	// AcknowledgeAs is Acknowledge of a Receiver that keeps the number as well.
	AcknowledgeAs(ctx context.Context, source string, number uint64, deliveries []Delivery) error
}
