// NATS JetStream, the server embedded in this process and reached without a socket.
//
//	peer                    one turn per line of the input, as ../peer.h says
//	peer --first DIRECTORY  publishes one record, reads it, says so, and waits until its input ends
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

type turn struct {
	workload     string
	directory    string
	messageBytes int
	records      int
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "jetstream:", err)
		os.Exit(1)
	}
}

type node struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

func open(directory string) *node {
	s, err := server.NewServer(&server.Options{
		JetStream: true, StoreDir: directory, DontListen: true, NoSigs: true, NoLog: true,
		JetStreamMaxStore: 16 << 30, JetStreamMaxMemory: 1 << 30,
	})
	must(err)
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		must(fmt.Errorf("the server does not start"))
	}
	n := &node{server: s}
	n.conn, n.js = n.connect()
	return n
}

func (n *node) connect() (*nats.Conn, jetstream.JetStream) {
	conn, err := nats.Connect("", nats.InProcessServer(n.server))
	must(err)
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(4096))
	must(err)
	return conn, js
}

func (n *node) stream(retention jetstream.RetentionPolicy) jetstream.Stream {
	s, err := n.js.CreateStream(context.Background(), jetstream.StreamConfig{
		Name: "log", Subjects: []string{"log"}, Storage: jetstream.FileStorage, Retention: retention,
	})
	must(err)
	return s
}

func (n *node) close() {
	n.conn.Close()
	n.server.Shutdown()
	n.server.WaitForShutdown()
}

func (n *node) publish(messageBytes, records int) {
	message := make([]byte, messageBytes)
	for i := 0; i < records; {
		if _, err := n.js.PublishAsync("log", message); err == nil {
			i++
		} else { // too many in flight
			time.Sleep(time.Millisecond)
		}
	}
	<-n.js.PublishAsyncComplete()
}

// A work queue with four consumers, each with a connection of its own; every message is acknowledged, and gone from the
// stream at the end.
func queue(t turn) float64 {
	const consumers = 4
	ctx := context.Background()
	n := open(t.directory)
	defer n.close()
	s := n.stream(jetstream.WorkQueuePolicy)
	n.publish(t.messageBytes, t.records)
	_, err := s.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 20000,
	})
	must(err)
	var acknowledged atomic.Int64
	var done sync.WaitGroup
	done.Add(1)
	begin := time.Now()
	for range consumers {
		conn, js := n.connect()
		defer conn.Close()
		c, err := js.Consumer(ctx, "log", "workers")
		must(err)
		consuming, err := c.Consume(func(m jetstream.Msg) {
			must(m.Ack())
			if acknowledged.Add(1) == int64(t.records) {
				done.Done()
			}
		}, jetstream.PullMaxMessages(1000))
		must(err)
		defer consuming.Stop()
	}
	done.Wait()
	for {
		info, err := s.Info(ctx)
		must(err)
		if info.State.Msgs == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return float64(t.records) / time.Since(begin).Seconds()
}

func first(directory string) {
	ctx := context.Background()
	n := open(directory)
	s := n.stream(jetstream.LimitsPolicy)
	_, err := n.js.Publish(ctx, "log", make([]byte, 100))
	must(err)
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	must(err)
	_, err = c.Next()
	must(err)
	fmt.Println("read")
	_, err = io.Copy(io.Discard, os.Stdin)
	must(err)
	n.close()
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "--first" {
		first(os.Args[2])
		return
	}
	in := bufio.NewReader(os.Stdin)
	for {
		var t turn
		if _, err := fmt.Fscan(in, &t.workload, &t.directory, &t.messageBytes, &t.records); err == io.EOF {
			return
		} else {
			must(err)
		}
		if t.workload != "queue" {
			must(fmt.Errorf("no such workload: %s", t.workload))
		}
		fmt.Printf("%.9g\n", queue(t))
	}
}
