"""Studies of step goals on simulated clients: the mSTAR trial (Zhou 2018), its power, and goal policies compared."""
