package services

import "net"

// listenBoth finds a port that is free for UDP and TCP.
func listenBoth() (net.PacketConn, net.Listener, error) {
	for try := 0; ; try++ {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return udp, tcp, nil
		}
		tcp.Close()
		if try == 20 {
			return nil, nil, err
		}
	}
}

// accept has talk handle every connection, until the listener is closed.
func accept(l net.Listener, talk func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			talk(conn)
		}()
	}
}

// split is the address of a listener in two parts.
func split(l net.Listener) (host, port string) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", ""
	}
	return host, port
}
